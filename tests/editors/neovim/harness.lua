-- The few words the tests are written in: `test`, `eventually`, `equal`, and a workspace on disk.
-- A test file is run by `nvim --clean -n --headless -l FILE`; $PLUGIN is the plugin's folder.

local M = {}

vim.opt.runtimepath:prepend(vim.env.PLUGIN)
vim.cmd.runtime('plugin/coworker.lua')
vim.o.hidden = true

-- A slow machine may take this long; a good one takes none of it.
local PATIENCE_MS = 15000

local passed, failed = 0, 0

--- What Neovim shows messages with by itself.
M.notify = vim.notify

---@type string[] what the user was told
M.told = {}
vim.notify = function(message)
  table.insert(M.told, message)
end
vim.notify_once = vim.notify

---@param name string
---@param run fun()
function M.test(name, run)
  local ok, problem = xpcall(run, debug.traceback)
  passed, failed = passed + (ok and 1 or 0), failed + (ok and 0 or 1)
  io.stdout:write(('%s - %s\n'):format(ok and 'ok' or 'not ok', name))
  if not ok then
    io.stdout:write('  ' .. tostring(problem):gsub('\n', '\n  ') .. '\n')
    io.stdout:write('  told: ' .. vim.inspect(M.told):gsub('\n', '\n  ') .. '\n')
  end
  io.stdout:flush()
end

--- Ends the run; the exit status says whether all passed.
function M.finish()
  io.stdout:write(('%d passed, %d failed\n'):format(passed, failed))
  io.stdout:flush()
  vim.cmd(failed > 0 and 'cquit 1' or 'qall!')
end

---@param expected any
---@param actual any
function M.equal(expected, actual)
  if not vim.deep_equal(expected, actual) then
    error(('expected %s\ngot %s'):format(vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

--- Waits until `condition` gives something true, and returns it.
---@generic T
---@param what string
---@param condition fun(): T
---@return T
function M.eventually(what, condition)
  local result
  local ok = vim.wait(PATIENCE_MS, function()
    result = condition()
    return result
  end, 10)
  if not ok then
    error(('never saw: %s\nwindows:\n%s'):format(what, M.screen()), 2)
  end
  return result
end

--- Lets everything happen that is to happen by itself before the next key.
function M.step()
  local is_over = false
  vim.schedule(function()
    is_over = true
  end)
  M.eventually('the next step', function()
    return is_over
  end)
end

--- The last lines of every window, for messages.
---@return string
function M.screen()
  local out = {}
  for _, win in ipairs(vim.api.nvim_list_wins()) do
    local buf = vim.api.nvim_win_get_buf(win)
    table.insert(out, ('--- %s'):format(vim.api.nvim_buf_get_name(buf)))
    vim.list_extend(out, vim.api.nvim_buf_get_lines(buf, -40, -1, false))
  end
  return table.concat(out, '\n')
end

--- What is on the screen, as it is drawn.
---@return string
function M.drawn()
  vim.cmd('redraw!')
  local rows = {}
  for row = 1, vim.o.lines do
    local cells = {}
    for column = 1, vim.o.columns do
      table.insert(cells, vim.fn.screenstring(row, column))
    end
    table.insert(rows, (table.concat(cells):gsub(' +$', '')))
  end
  return table.concat(rows, '\n')
end

---@param buf integer?
---@return string
function M.text(buf)
  return buf and table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, false), '\n') or ''
end

---@param buf integer?
---@param part string
---@return boolean
function M.has(buf, part)
  return M.text(buf):find(part, 1, true) ~= nil
end

--- Types keys as a user would.
---@param keys string
function M.type(keys)
  vim.api.nvim_feedkeys(vim.keycode(keys), 'tx', false)
end

--- Presses a key until it has an effect: what has just come up does not take the first press.
---@param key string
---@param done fun(): boolean
function M.press(key, done)
  M.eventually('an effect of ' .. key, function()
    M.type(key)
    return vim.wait(200, done, 10)
  end)
end

--- The next prompts of vim.ui.input are answered with this.
---@param answer string?
function M.will_type(answer)
  vim.ui.input = function(_, on_done)
    on_done(answer)
  end
end

--- The next menus of vim.ui.select are answered with the item whose label has `part` in it.
---@param part string
function M.will_choose(part)
  vim.ui.select = function(items, options, on_done)
    for at, item in ipairs(items) do
      local label = options.format_item and options.format_item(item) or item
      if label:find(part, 1, true) then
        return on_done(item, at)
      end
    end
    on_done(nil)
  end
end

--- Makes a folder with these files and goes there.
---@param files table<string, string>
---@return string root
function M.workspace(files)
  local root =
    assert(vim.uv.fs_realpath(assert(vim.uv.fs_mkdtemp(vim.uv.os_tmpdir() .. '/project-XXXXXX'))))
  for name, text in pairs(files) do
    vim.fn.mkdir(vim.fs.dirname(root .. '/' .. name), 'p')
    M.write(root .. '/' .. name, text)
  end
  vim.cmd.cd(root)
  return root
end

---@param path string
---@param text string
function M.write(path, text)
  local file = assert(io.open(path, 'w'))
  file:write(text)
  file:close()
end

---@param path string
---@return string
function M.read(path)
  local file = assert(io.open(path))
  local text = file:read('*a')
  file:close()
  return text
end

--- The chat pane's buffer.
---@param root string
---@return integer?
function M.chat(root)
  return require('coworker.chat').buffer(root)
end

--- The todo pane's buffer.
---@param root string
---@return integer?
function M.todos(root)
  return require('coworker.todos').buffer(root)
end

return M
