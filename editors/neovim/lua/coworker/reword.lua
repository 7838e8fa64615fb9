--- A proposal in the user's words: its lines in a buffer of their own, and what is written is
--- accepted in their place.

local edit = require('coworker.edit')
local hunks = require('coworker.hunks')
local pane = require('coworker.pane')

local M = {}

-- What the user is used to from the file.
local options = { 'expandtab', 'shiftwidth', 'softtabstop', 'tabstop', 'textwidth' }

---@param buf integer
---@param path string
local function be_like_file(buf, path)
  local file = edit.buffer_of(path)
  for _, option in ipairs(file and options or {}) do
    vim.bo[buf][option] = vim.bo[file][option]
  end
  local filetype = vim.filetype.match({ filename = path }) or ''
  -- The highlighting of the language, without the plugins that would take it for a real file.
  vim.bo[buf].syntax = filetype
  pcall(vim.treesitter.start, buf, vim.treesitter.language.get_lang(filetype))
end

-- How lines end in a hunk, and its last one.
---@param hunk coworker.PlacedHunk
---@return string line_end, string last_end
local function ends_of(hunk)
  local model = hunk.after ~= '' and hunk.after or hunk.before
  local line_end = vim.endswith(model, '\r\n') and '\r\n' or '\n'
  return line_end, vim.endswith(model, '\n') and line_end or ''
end

---@param buf integer
---@param hunk coworker.PlacedHunk
---@return string
local function text_of(buf, hunk)
  local lines = vim.api.nvim_buf_get_lines(buf, 0, -1, false)
  local line_end, last_end = ends_of(hunk)
  local is_empty = #lines == 1 and lines[1] == ''
  return is_empty and '' or table.concat(lines, line_end) .. last_end
end

--- Opens the lines of a hunk below. To write them accepts them, to leave them decides nothing.
---@param root string
---@param hunk coworker.PlacedHunk
---@param accept fun(text: string)
function M.open(root, hunk, accept)
  local path = vim.uri_to_fname(hunk.uri)
  local name = vim.fs.relpath(root, path) or path
  local title = ('coworker://hunk/%s/%s'):format(hunk.hunkId, name)
  local old = vim.fn.bufnr('^' .. vim.fn.fnameescape(title) .. '$')
  if old ~= -1 and vim.fn.bufwinid(old) ~= -1 then
    return vim.api.nvim_set_current_win(vim.fn.bufwinid(old))
  end
  local origin = vim.api.nvim_get_current_win()
  local lines = hunks.lines_of(hunk.after, ends_of(hunk) == '\r\n')
  local buf = vim.api.nvim_create_buf(false, false)
  vim.api.nvim_buf_set_name(buf, title)
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines)
  vim.bo[buf].buftype, vim.bo[buf].bufhidden, vim.bo[buf].swapfile = 'acwrite', 'wipe', false
  vim.bo[buf].modified = false
  vim.b[buf].coworker_root = root
  be_like_file(buf, path)
  local height = math.min(math.max(#lines, 3) + 1, math.floor(vim.o.lines / 2))
  local win = vim.api.nvim_open_win(buf, true, { split = 'below', win = -1, height = height })
  local bar = ' %s, as you want it  %%#CoworkerKey#:w%%* Accept  %%#CoworkerKey#:q!%%* Later'
  pane.set_options(win, { winbar = bar:format(pane.bar_text(name)) })
  vim.api.nvim_create_autocmd('BufWriteCmd', {
    buffer = buf,
    callback = function()
      vim.bo[buf].modified = false
      accept(text_of(buf, hunk))
      -- After `:wq` Neovim closes it itself.
      vim.schedule(function()
        if vim.api.nvim_buf_is_valid(buf) then
          vim.api.nvim_buf_delete(buf, { force = true })
        end
        if vim.api.nvim_win_is_valid(origin) then
          vim.api.nvim_set_current_win(origin)
        end
      end)
    end,
  })
end

return M
