--- Reads files again that a command of the agent may have changed. Text of the user's is never
--- written over: what is unsaved stays as it is, and Neovim warns of it as ever.

local client = require('coworker.client')
local disk = require('coworker.disk')
local sessions = require('coworker.sessions')

local M = {}

--- The tools that run commands, or bring news of them.
---@type table<string, true>
local runs_commands = { bash = true, bashOutput = true }

--- Reads the files of a root again where they changed on the disk and nothing is unsaved.
---@param root string
function M.now(root)
  -- In the command-line window Neovim reads nothing; the next command or turn makes up for it.
  if vim.fn.getcmdwintype() ~= '' then
    return
  end
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    local is_clean = vim.api.nvim_buf_is_loaded(buf) and not vim.bo[buf].modified
    is_clean = is_clean and not disk.has_left(buf)
    if is_clean and vim.o.autoread and client.is_file(buf) and client.root_of(buf) == root then
      vim.cmd.checktime(buf)
    end
  end
end

sessions.subscribe(function(root, _, event)
  local update = event.kind == 'update' and event.update
  local item = update and update.kind == 'itemEnded' and update.item
  -- What ran in the background may have gone on until the turn ends.
  local is_idle = update and update.kind == 'status' and update.state ~= 'running'
  if is_idle or item and item.kind == 'toolCall' and runs_commands[item.name] then
    vim.schedule(function()
      M.now(root)
    end)
  end
end)

return M
