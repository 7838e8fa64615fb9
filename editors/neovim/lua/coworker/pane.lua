--- Buffers that only we write to, and the windows they are in.

local M = {}

--- A buffer without a file that the user cannot change.
---@param name string Where it is shown, such as `coworker://chat/home/ann/project`.
---@param root string The root whose commands apply in it.
---@param filetype string
---@return integer buf
function M.buffer(name, root, filetype)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(buf, name)
  vim.b[buf].coworker_root = root
  vim.bo[buf].undolevels = -1
  vim.bo[buf].filetype = filetype
  vim.bo[buf].modifiable = false
  -- After `:bdelete` the pane is gone; without this it would be there, and empty.
  vim.api.nvim_create_autocmd('BufUnload', {
    buffer = buf,
    callback = vim.schedule_wrap(function()
      if vim.api.nvim_buf_is_valid(buf) then
        vim.api.nvim_buf_delete(buf, { force = true })
      end
    end),
  })
  return buf
end

--- Changes a buffer that is closed to the user.
---@param buf integer
---@param change fun()
function M.write(buf, change)
  vim.bo[buf].modifiable = true
  local ok, problem = pcall(change)
  vim.bo[buf].modifiable = false
  vim.bo[buf].modified = false
  if not ok then
    error(problem, 0)
  end
end

--- The window of this tab page that shows a buffer.
---@param buf integer
---@return integer? win
function M.window(buf)
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.api.nvim_win_get_buf(win) == buf then
      return win
    end
  end
end

--- Sets options of a window for the buffer it shows now.
---@param win integer
---@param options table<string, any>
function M.set_options(win, options)
  for name, value in pairs(options) do
    vim.api.nvim_set_option_value(name, value, { scope = 'local', win = win })
  end
end

--- Opens a buffer that the user writes to, below all windows.
---@param buf integer
---@param bar string What 'winbar' is to be.
function M.open_below(buf, bar)
  local lines = vim.api.nvim_buf_line_count(buf)
  local height = math.min(math.max(lines, 3) + 1, math.floor(vim.o.lines / 2))
  local win = vim.api.nvim_open_win(buf, true, { split = 'below', win = -1, height = height })
  M.set_options(win, { winbar = bar })
end

--- What the windows of panes have in common.
---@type table<string, any>
M.window_options = {
  number = false,
  relativenumber = false,
  signcolumn = 'no',
  foldcolumn = '1', -- a margin: nothing is drawn in it
  cursorline = false,
  fillchars = 'eob: ,fold: ,foldopen: ,foldclose: ,foldsep: ',
  winhighlight = 'Folded:CoworkerReasoning,FoldColumn:Normal',
  list = false,
  spell = false,
  wrap = true,
  linebreak = true,
  breakindent = true,
}

--- Maps a key in one buffer.
---@param buf integer
---@param key string
---@param what string
---@param run fun()
function M.map(buf, key, what, run)
  vim.keymap.set('n', key, run, { buffer = buf, nowait = true, desc = 'Coworker: ' .. what })
end

--- Text for 'winbar' and 'statusline', where `%` has a meaning of its own.
---@param text string
---@return string
function M.bar_text(text)
  return (text:gsub('%%', '%%%%'):gsub('[%c]', ' '))
end

--- Puts highlights on lines that begin at `row`.
---@param buf integer
---@param namespace integer
---@param row integer
---@param marks coworker.Mark[]
function M.highlight(buf, namespace, row, marks)
  for _, mark in ipairs(marks) do
    if mark[3] > mark[2] then
      vim.api.nvim_buf_set_extmark(buf, namespace, row + mark[1], mark[2], {
        end_col = mark[3],
        hl_group = mark[4],
        priority = 200,
      })
    end
  end
end

return M
