--- What is too long for the message line, in a float that takes neither the focus nor a key: on the
--- line Neovim would wait for one. It goes with the next key, once there was time to read.

local M = {}

local READ_MS = 2000
local MAX_WIDTH = 90
local MAX_LINES = 12

local namespace = vim.api.nvim_create_namespace('coworker.note')

---@type { win: integer, at: number }?
local shown

---@return number
local function now()
  return vim.uv.hrtime() / 1e6
end

--- The buffer of the float, while it is on the screen.
---@return integer?
function M.buffer()
  local is_there = shown and vim.api.nvim_win_is_valid(shown.win)
  return is_there and vim.api.nvim_win_get_buf(shown.win) or nil
end

--- Closes it.
function M.close()
  vim.on_key(nil, namespace)
  if M.buffer() then
    vim.api.nvim_win_close(shown.win, true)
  end
  shown = nil
end

local function on_key(_, typed)
  if typed ~= '' and shown and now() - shown.at >= READ_MS then
    vim.schedule(M.close)
  end
end

-- Above the status line, in the right corner, as wide as it needs to be.
---@param buf integer
---@return vim.api.keyset.win_config
local function place(buf)
  local widest = 1
  for _, line in ipairs(vim.api.nvim_buf_get_lines(buf, 0, -1, true)) do
    widest = math.max(widest, vim.fn.strdisplaywidth(line))
  end
  return {
    relative = 'editor',
    anchor = 'SE',
    row = vim.o.lines - vim.o.cmdheight - (vim.o.laststatus > 0 and 1 or 0),
    col = vim.o.columns,
    width = math.max(1, math.min(widest, MAX_WIDTH, vim.o.columns - 4)),
    height = 1,
    style = 'minimal',
    border = 'rounded',
    focusable = false,
    zindex = 150,
    noautocmd = true,
  }
end

--- Shows a message, below those that are shown still.
---@param message string
---@param level integer
---@return boolean is_shown
function M.show(message, level)
  local old = M.buffer()
  local lines = old and vim.api.nvim_buf_get_lines(old, 0, -1, true) or {}
  vim.list_extend(lines, vim.split(message, '\n', { plain = true, trimempty = true }))
  M.close()
  local buf = vim.api.nvim_create_buf(false, true)
  -- What is set for all buffers counts for this one, too.
  vim.bo[buf].bufhidden, vim.bo[buf].modifiable = 'wipe', true
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, vim.list_slice(lines, #lines - MAX_LINES + 1))
  local is_open, win = pcall(vim.api.nvim_open_win, buf, false, place(buf))
  if not is_open then
    vim.api.nvim_buf_delete(buf, { force = true })
    return false
  end
  local highlight = level >= vim.log.levels.WARN and 'WarningMsg' or 'NormalFloat'
  vim.wo[win].wrap, vim.wo[win].linebreak, vim.wo[win].breakindent = true, true, true
  vim.wo[win].winhighlight = 'NormalFloat:' .. highlight
  local height = vim.api.nvim_win_text_height(win, {}).all
  vim.api.nvim_win_set_config(win, { height = math.min(height, MAX_LINES) })
  shown = { win = win, at = now() }
  vim.on_key(on_key, namespace)
  return true
end

return M
