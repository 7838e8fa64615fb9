--- Buffers follow a file that was moved. The server moves it on the disk; a buffer that kept the
--- old name would write the file there again.

local edit = require('coworker.edit')
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
  vim.fn.bufload(new)
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
