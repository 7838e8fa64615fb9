--- Checkpoints: the points to which a session can be restored. What a restore would change is shown
--- before anything is restored, and a restore has a point of its own, by which it is undone.

local client = require('coworker.client')
local disk = require('coworker.disk')
local pane = require('coworker.pane')
local pause = require('coworker.pause')
local render = require('coworker.render')
local reread = require('coworker.reread')
local sessions = require('coworker.sessions')

local M = {}

local say = pause.say

---@param root string
---@param uri string
---@return string
local function name_of(root, uri)
  local path = vim.uri_to_fname(uri)
  return render.one_line(vim.fs.relpath(root, path) or path)
end

---@type table<coworker.FileChangeKind, string>
local outcomes = { create = 'make again', delete = 'delete' }

---@param root string
---@param difference coworker.CheckpointDiffResult
---@return string[]
local function lines_of(root, difference)
  local lines, diffs = {}, {}
  for _, file in ipairs(difference.files) do
    local goes = file.typed and ', and what somebody else changed in it since goes, too' or ''
    local does = outcomes[file.kind] or 'put back'
    table.insert(lines, ('%s %s%s'):format(does, name_of(root, file.uri), goes))
    vim.list_extend(diffs, vim.split(file.diff, '\n', { plain = true, trimempty = true }))
  end
  if #lines == 0 and #difference.refused == 0 then
    lines = { 'The files are as they were then.' }
  end
  for _, file in ipairs(difference.refused) do
    table.insert(
      lines,
      ('not %s: %s'):format(name_of(root, file.uri), render.one_line(file.reason))
    )
  end
  table.insert(lines, '')
  return vim.list_extend(lines, diffs)
end

---@class coworker.RestoreKey
---@field key string
---@field label string
---@field files boolean Whether it changes files.
---@field run fun()

-- Puts files back, but not over text that somebody typed without a yes.
---@param root string
---@param difference coworker.CheckpointDiffResult
---@param run fun()
local function confirmed(root, difference, run)
  local typed = {}
  for _, file in ipairs(difference.files) do
    if file.typed then
      table.insert(typed, name_of(root, file.uri))
    end
  end
  if #typed == 0 then
    return run()
  end
  local prompt = ('What was typed since goes from %s'):format(table.concat(typed, ', '))
  vim.ui.select({ 'No', 'Yes, it may go' }, { prompt = prompt }, function(_, at)
    if at == 2 then
      run()
    end
  end)
end

--- Asks what a restore of the files to a point would change.
---@param conversation coworker.Conversation
---@param id string
---@param on_result fun(difference: coworker.CheckpointDiffResult)
local function compare(conversation, id, on_result)
  local params = { sessionId = conversation.id, checkpointId = id }
  client.request(conversation.root, 'coworker/checkpoint/diff', params, on_result)
end

--- Shows in a tab page what a restore to a point would change, and what can be done about it.
---@param conversation coworker.Conversation
---@param id string
---@param difference coworker.CheckpointDiffResult
---@param keys coworker.RestoreKey[]
local function show(conversation, id, difference, keys)
  local root = conversation.root
  local title = 'coworker://restore' .. root
  local old = vim.fn.bufnr('^' .. vim.fn.fnameescape(title) .. '$')
  if old ~= -1 then
    vim.api.nvim_buf_delete(old, { force = true })
  end
  vim.cmd('tab split')
  local win = vim.api.nvim_get_current_win()
  local buf = pane.buffer(title, root, 'diff')
  vim.bo[buf].bufhidden = 'wipe'
  pane.write(buf, function()
    vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines_of(root, difference))
  end)
  vim.api.nvim_win_set_buf(win, buf)
  local function close()
    if vim.api.nvim_win_is_valid(win) then
      vim.api.nvim_win_close(win, true)
    end
  end
  local bar = {}
  local function add(key, label, run)
    table.insert(bar, ('%%#CoworkerKey#%s%%* %s'):format(key, label))
    pane.map(buf, key, label, run)
  end
  -- What was not shown must not go: the files can have changed since.
  local function run_as_shown(key)
    compare(conversation, id, function(now)
      if not vim.api.nvim_buf_is_valid(buf) then
        return
      end
      close()
      if vim.deep_equal(difference, now) then
        return key.run()
      end
      show(conversation, id, now, keys)
      say('the files have changed since; look again', vim.log.levels.WARN)
    end)
  end
  for _, key in ipairs(keys) do
    add(key.key, key.label, function()
      if not key.files then
        close()
        return key.run()
      end
      confirmed(root, difference, function()
        run_as_shown(key)
      end)
    end)
  end
  add('q', 'Leave it', close)
  pane.set_options(win, { winbar = ' ' .. table.concat(bar, '  ') })
end

--- Runs something that puts files back to how they were at a point, once the user has seen what that
--- changes. Where it changes nothing it runs at once.
---@param conversation coworker.Conversation
---@param id string
---@param label string What it does.
---@param run fun()
function M.before_restore(conversation, id, label, run)
  compare(conversation, id, function(difference)
    if #difference.files == 0 and #difference.refused == 0 then
      return run()
    end
    local key = { key = 'a', label = label, files = true, run = run }
    show(conversation, id, difference, { key })
  end)
end

---@param root string
---@param result coworker.CheckpointRestoreResult
local function report(root, result)
  for _, file in ipairs(result.refused) do
    local words = ('%s is not put back: %s'):format(name_of(root, file.uri), file.reason)
    say(words, vim.log.levels.WARN)
  end
  if not result.undo and #result.refused == 0 then
    return say('all is as it was then')
  elseif not result.undo then
    return
  end
  local done = #result.restored > 0 and render.counted(#result.restored, 'file') .. ' put back'
    or 'gone back'
  local typed = {}
  for _, uri in ipairs(result.typed or {}) do
    table.insert(typed, name_of(root, uri))
  end
  if #typed > 0 then
    done = ('%s, and what was typed since is gone from %s'):format(done, table.concat(typed, ', '))
  end
  say(done .. '; the newest of :CoworkerCheckpoints undoes it')
end

---@param conversation coworker.Conversation
---@param id string
---@param files boolean
---@param talk boolean
local function restore(conversation, id, files, talk)
  client.request(conversation.root, 'coworker/checkpoint/restore', {
    sessionId = conversation.id,
    checkpointId = id,
    files = files,
    conversation = talk,
  }, function(result)
    report(conversation.root, result)
    for _, uri in ipairs(result.restored) do
      disk.look(vim.uri_to_fname(uri), 'taken back')
    end
    reread.now(conversation.root)
  end)
end

---@param point coworker.CheckpointInfo
---@return string
local function label_of(point)
  local before = ({
    turn = ('before “%s”'):format(render.one_line(point.title, 80)),
    decision = 'before you decided about hunks',
    restore = 'before a restore',
  })[point.before.kind] or 'a checkpoint of a newer version'
  local when = os.date('%Y-%m-%d %H:%M', math.floor(point.at / 1000))
  return ('%s  %s  %s'):format(when, render.counted(point.files, 'file'), before)
end

---@param conversation coworker.Conversation
---@param point coworker.CheckpointInfo
local function choose_what(conversation, point)
  compare(conversation, point.id, function(difference)
    local function key(name, label, files, talk)
      local function run()
        restore(conversation, point.id, files, talk)
      end
      return { key = name, label = label, files = files, run = run }
    end
    show(conversation, point.id, difference, {
      key('a', 'Restore files and conversation', true, true),
      key('f', 'Only files', true, false),
      key('c', 'Only the conversation', false, true),
    })
  end)
end

--- Lets the user choose a point of the session, and shows what a restore to it would change.
---@param root string
function M.open(root)
  local conversation = sessions.current(root)
  if not conversation then
    return say('there is no session yet')
  end
  local params = { sessionId = conversation.id }
  client.request(root, 'coworker/checkpoint/list', params, function(result)
    local points = vim.iter(result.checkpoints):rev():totable()
    if #points == 0 then
      return say('no checkpoints: nothing was asked yet in this session itself')
    end
    vim.ui.select(points, { prompt = 'Restore to', format_item = label_of }, function(point)
      if point then
        choose_what(conversation, point)
      end
    end)
  end)
end

return M
