--- A proposal in the user's words: its lines in a buffer of their own, and what is written is
--- accepted in their place. The buffer goes only when the answer says that it was.

local edit = require('coworker.edit')
local hunks = require('coworker.hunks')
local pane = require('coworker.pane')
local pause = require('coworker.pause')

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

-- How lines end in a hunk, and its last one. Where they end in both ways, the CR is shown.
---@param hunk coworker.PlacedHunk
---@return string line_end, string last_end
local function ends_of(hunk)
  local model = hunk.after ~= '' and hunk.after or hunk.before
  local is_dos = vim.endswith(model, '\r\n') and not model:gsub('\r\n', ''):find('\n', 1, true)
  local line_end = is_dos and '\r\n' or '\n'
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

---@param buf integer
---@param name string
local function show(buf, name)
  local bar = ' %s, as you want it  %%#CoworkerKey#:w%%* Accept  %%#CoworkerKey#:q!%%* Later'
  pane.open_below(buf, bar:format(pane.bar_text(name)))
end

-- It was accepted as it was written.
---@param buf integer
---@param origin integer The window the user came from.
local function close(buf, origin)
  local is_here = vim.api.nvim_get_current_buf() == buf
  vim.api.nvim_buf_delete(buf, { force = true })
  if is_here and vim.api.nvim_win_is_valid(origin) then
    vim.api.nvim_set_current_win(origin)
  end
end

-- The buffer stays modified until the answer, so that nothing closes or quits over it. It is hidden
-- and not wiped where its window goes meanwhile.
---@param buf integer
---@param text string
---@param name string
---@param origin integer
---@param accept coworker.Reworder
local function write(buf, text, name, origin, accept)
  local tick = vim.api.nvim_buf_get_changedtick(buf)
  vim.bo[buf].bufhidden = 'hide'
  accept(text, function(is_accepted)
    if not vim.api.nvim_buf_is_valid(buf) then
      return
    end
    local is_same = vim.api.nvim_buf_get_changedtick(buf) == tick
    if is_accepted and is_same then
      return close(buf, origin)
    end
    if is_accepted then
      pause.say(
        'the hunk is accepted as it was written; what you typed since is only in its window'
      )
    end
    if #vim.fn.win_findbuf(buf) == 0 then
      show(buf, name)
    end
    vim.bo[buf].bufhidden = 'wipe'
  end)
end

--- Accepts a hunk with a text, and says whether it was.
---@alias coworker.Reworder fun(text: string, on_done: fun(is_accepted: boolean))

--- Opens the lines of a hunk below. To write them accepts them, to leave them decides nothing.
---@param root string
---@param hunk coworker.PlacedHunk
---@param accept coworker.Reworder
function M.open(root, hunk, accept)
  local path = vim.uri_to_fname(hunk.uri)
  local name = vim.fs.relpath(root, path) or path
  local title = ('coworker://hunk/%s/%s'):format(hunk.hunkId, name)
  local old = vim.fn.bufnr('^' .. vim.fn.fnameescape(title) .. '$')
  if old ~= -1 and vim.fn.bufwinid(old) ~= -1 then
    return vim.api.nvim_set_current_win(vim.fn.bufwinid(old))
  elseif old ~= -1 then
    return show(old, name)
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
  show(buf, name)
  vim.api.nvim_create_autocmd('BufWriteCmd', {
    buffer = buf,
    callback = function()
      vim.bo[buf].modified = true
      write(buf, text_of(buf, hunk), name, origin, accept)
    end,
  })
end

return M
