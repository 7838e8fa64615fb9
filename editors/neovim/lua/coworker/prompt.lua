--- A prompt that the user changes: on the message line; or, where it has several lines, which would
--- become one there, in a buffer below.

local pane = require('coworker.pane')

local M = {}

---@param root string
---@param text string
---@param send fun(text: string)
local function open(root, text, send)
  local buf = vim.api.nvim_create_buf(false, false)
  vim.api.nvim_buf_set_name(buf, 'coworker://prompt/' .. buf)
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, vim.split(text, '\n', { plain = true }))
  vim.bo[buf].buftype, vim.bo[buf].bufhidden, vim.bo[buf].swapfile = 'acwrite', 'wipe', false
  vim.bo[buf].modified = false
  vim.b[buf].coworker_root = root
  pane.open_below(buf, ' Your prompt  %#CoworkerKey#:w%* Send  %#CoworkerKey#:q!%* Leave it')
  vim.api.nvim_create_autocmd('BufWriteCmd', {
    buffer = buf,
    callback = function()
      local written = table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), '\n')
      vim.bo[buf].modified = false
      -- A buffer that is being written cannot go yet. With `:wq` it goes by itself.
      vim.schedule(function()
        if vim.api.nvim_buf_is_valid(buf) then
          vim.api.nvim_buf_delete(buf, { force = true })
        end
        send(written)
      end)
    end,
  })
end

--- Lets the user change a prompt. One that is left, or has no words then, is not sent.
---@param root string
---@param text string
---@param send fun(text: string)
function M.change(root, text, send)
  local function send_words(words)
    if words and vim.trim(words) ~= '' then
      send(words)
    end
  end
  if text:find('[\r\n]') then
    return open(root, text, send_words)
  end
  vim.ui.input({ prompt = 'Ask Coworker: ', default = text }, send_words)
end

return M
