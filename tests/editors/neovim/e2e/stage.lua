-- A workspace, a script for the model, and the real server.

local M = {}

local t = dofile(vim.env.TESTS .. '/harness.lua')
M.t = t

--- A file whose function can be shorter.
M.greet = [[
local M = {}

--- Says hello to everyone.
function M.greet(names)
  local out = {}
  for i = 1, #names do
    local line = 'Hello, ' .. names[i] .. '!'
    table.insert(out, line)
  end
  return out
end

return M
]]

M.long = [[
  local out = {}
  for i = 1, #names do
    local line = 'Hello, ' .. names[i] .. '!'
    table.insert(out, line)
  end
  return out
]]

M.short = [[
  return vim.tbl_map(function(name)
    return 'Hello, ' .. name .. '!'
  end, names)
]]

--- A call of a tool, as a statement of the script.
---@param tool string
---@param input table
---@return string
function M.call(tool, input)
  return ('call %s %s'):format(tool, vim.json.encode(input))
end

--- An edit of one place, as a statement of the script.
---@param old string
---@param new string
---@param path? string
---@return string
function M.edit(old, new, path)
  return M.call('edit', { path = path or 'greet.lua', old_text = old, new_text = new })
end

--- The edit that makes `greet` shorter.
M.shorten = M.call('edit', { path = 'greet.lua', old_text = M.long, new_text = M.short })

--- Starts with `greet.lua` open and a model that answers by this script.
---@param script string[] its statements
---@param settings? table more settings of the plugin
---@return string root
function M.start(script, settings)
  M.root = t.workspace({ ['.git/HEAD'] = 'ref: refs/heads/main\n', ['greet.lua'] = M.greet })
  local file = vim.fn.tempname() .. '.md'
  t.write(file, ('```script\n%s\n```\n'):format(table.concat(script, '\n')))
  vim.cmd.edit('greet.lua')
  M.buf = vim.api.nvim_get_current_buf()
  require('coworker').setup(vim.tbl_extend('force', {
    cmd = { vim.env.BINARY, 'lsp' },
    model = 'script:' .. file,
  }, settings or {}))
  return M.root
end

--- Waits until the chat pane shows this.
---@param part string
function M.sees(part)
  t.eventually('in the chat: ' .. part, function()
    return t.has(t.chat(M.root), part)
  end)
end

--- Waits until the turn has ended.
function M.idle()
  t.eventually('the end of the turn', function()
    local conversation = require('coworker.sessions').current(M.root)
    return conversation and #conversation.fold.items > 0 and not conversation.fold:is_running()
  end)
end

--- Waits until the running session has seen `part` and ended its turn.
---@param part string
function M.ends_with(part)
  M.sees(part)
  M.idle()
end

--- The states of the hunks that are marked in a buffer, from its top to its end.
---@param buf? integer The current one if none is given.
---@return string
function M.marked(buf)
  local states = vim.tbl_map(function(standing)
    return standing.hunk.state.kind
  end, require('coworker.hunks').all(buf or vim.api.nvim_get_current_buf()))
  return table.concat(states, ' ')
end

--- Waits until the hunks in a buffer stand so.
---@param states string
---@param buf? integer The current one if none is given.
function M.wait_for_marks(states, buf)
  t.eventually('hunks that are ' .. states, function()
    return M.marked(buf) == states
  end)
end

--- Chooses a mode, and waits until it is in force.
---@param mode string
function M.go_to_mode(mode)
  vim.cmd.CoworkerMode(mode)
  t.eventually('mode ' .. mode, function()
    return require('coworker').status():find(('· %s ·'):format(mode), 1, true)
  end)
end

--- Kills the server, and waits until that is known.
function M.kill_server()
  vim.uv.kill(M.servers()[1], 'sigkill')
  t.eventually('no server', function()
    return require('coworker').status():find('server stopped', 1, true)
  end)
end

--- Waits for the preview of a change.
---@return coworker.Preview
function M.preview()
  return t.eventually('the preview', require('coworker.review').current)
end

--- Waits for the preview and closes it, so that it does not come up later; goes to the source.
function M.leave_preview()
  M.preview()
  require('coworker.review').close()
  vim.api.nvim_set_current_win(vim.fn.bufwinid(M.buf))
end

--- Waits for the float of a question.
---@return integer buf
function M.float()
  return t.eventually('the float', require('coworker.question').buffer)
end

--- The lines of the items in the chat pane, without the line about what the session is doing.
---@return string
function M.conversation()
  local lines = vim.api.nvim_buf_get_lines(t.chat(M.root), 0, -1, false)
  local conversation = assert(require('coworker.sessions').current(M.root))
  t.equal(true, #conversation.fold.items > 0)
  while lines[#lines] ~= '' do
    table.remove(lines)
  end
  return table.concat(lines, '\n')
end

--- The process ids of the servers that this Neovim started.
---@return integer[]
function M.servers()
  return vim.tbl_filter(function(pid)
    local process = vim.api.nvim_get_proc(pid)
    return process and process.name:find('coworker') ~= nil
  end, vim.api.nvim_get_proc_children(vim.fn.getpid()))
end

return M
