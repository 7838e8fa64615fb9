--- Keeps what the server has of a buffer the same as what is in it.
---
--- Neovim stops listening to a buffer when it changes while no client is attached, and does not
--- listen again when the next client is attached: after a server died, a new one would never hear
--- of a key. So each change is watched here, too, and one that Neovim has not told is told. Where
--- that cannot be done the buffer is `untold`, and nothing may be applied to it.

local M = {}

-- Not a documented module; where there is none, a buffer that Neovim has left is only `untold`.
local has_tracking, tracking = pcall(require, 'vim.lsp._changetracking')

---@type table<integer, boolean> buffers that are watched
local watched = {}
---@type table<integer, boolean> buffers that Neovim has stopped to listen to; it never begins again
local deaf = {}
---@type table<integer, boolean> buffers of which the server has another text
local untold = {}

---@param buf integer
---@return vim.lsp.Client[]
local function clients_of(buf)
  return vim.lsp.get_clients({ bufnr = buf, name = 'coworker' })
end

-- Neovim's own listener came first: had it heard this change, the version would be this one.
---@param buf integer
---@param tick integer
---@param first integer
---@param last integer
---@param new_last integer
local function on_lines(buf, tick, first, last, new_last)
  deaf[buf] = vim.lsp.util.buf_versions[buf] ~= tick
  if not deaf[buf] or #clients_of(buf) == 0 then
    return
  end
  vim.lsp.util.buf_versions[buf] = tick
  untold[buf] = not (has_tracking and pcall(tracking.send_changes, buf, first, last, new_last))
end

---@param buf integer
local function on_reload(buf)
  for _, client in ipairs(deaf[buf] and clients_of(buf) or {}) do
    vim.lsp.buf_detach_client(buf, client.id)
    M.attach(buf, client.id)
  end
end

---@param buf integer
local function on_detach(buf)
  watched[buf] = nil
  for _, client in ipairs(deaf[buf] and clients_of(buf) or {}) do
    vim.lsp.buf_detach_client(buf, client.id)
  end
end

--- Shows a buffer to a client, and tells it of every change from then on.
---@param buf integer
---@param client_id integer
function M.attach(buf, client_id)
  if vim.lsp.buf_is_attached(buf, client_id) then
    return
  end
  untold[buf] = nil
  vim.lsp.buf_attach_client(buf, client_id)
  watched[buf] = watched[buf]
    or vim.api.nvim_buf_attach(buf, false, {
      on_lines = function(_, _, ...)
        on_lines(buf, ...)
      end,
      on_reload = function()
        on_reload(buf)
      end,
      on_detach = function()
        on_detach(buf)
      end,
    })
end

--- Whether the server has the text that is in the buffer.
---@param buf integer
---@return boolean
function M.is_told(buf)
  return watched[buf] == true and not untold[buf] and #clients_of(buf) > 0
end

return M
