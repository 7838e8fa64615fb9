--- Buffers follow a file that was moved. The server moves it on the disk; a buffer that kept the
--- old name would write the file there again.

local edit = require('coworker.edit')
local pause = require('coworker.pause')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

--- Shows what has moved from `from` to `to` where the old file was shown. A buffer with changes
--- stays, and so does one whose file is there: what is told may be long ago.
---@param from string
---@param to string
function M.follow(from, to)
  local old = edit.buffer_of(from)
  if not old or vim.bo[old].modified or vim.uv.fs_stat(from) or not vim.uv.fs_stat(to) then
    return
  end
  local new = vim.fn.bufadd(vim.fn.fnamemodify(to, ':.'))
  local is_read, problem = pcall(vim.fn.bufload, new)
  if not is_read then
    -- A buffer with a swap file is read, too.
    local has_swap = tostring(problem):find('E325', 1, true)
    local why = has_swap and 'it has a swap file; see :help E325' or tostring(problem)
    local name = render.one_line(vim.fn.fnamemodify(to, ':.'))
    pause.say(('%s: %s'):format(name, render.one_line(why, 200)), vim.log.levels.WARN)
  end
  if not vim.api.nvim_buf_is_loaded(new) then
    return
  end
  vim.bo[new].buflisted = vim.bo[old].buflisted
  for _, win in ipairs(vim.fn.win_findbuf(old)) do
    local view = vim.api.nvim_win_call(win, vim.fn.winsaveview)
    vim.api.nvim_win_set_buf(win, new)
    vim.api.nvim_win_call(win, function()
      vim.fn.winrestview(view)
    end)
  end
  vim.api.nvim_buf_delete(old, {})
end

sessions.subscribe(function(_, _, event)
  local item = event.kind == 'update' and event.update.item
  for _, file in ipairs(item and item.kind == 'changeSet' and item.files or {}) do
    local state = file.hunks[1] and file.hunks[1].state.kind
    if file.kind == 'move' and state == 'applied' then
      M.follow(file.path, file.to)
    elseif file.kind == 'move' and state == 'undone' then
      M.follow(file.to, file.path)
    end
  end
end)

return M
