--- Buffers follow what becomes of files on the disk. The server makes, moves and deletes them there;
--- a buffer that kept the old text, or the old name, would write it there again.
---
--- Texts are compared, and not times: a file that is moved keeps its time. What the user typed is
--- never written over.

local edit = require('coworker.edit')
local pause = require('coworker.pause')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

-- What becomes of several files at once is told file by file; where they all are is looked at after
-- the last one.
local AFTER_MS = 100

local breaks = { unix = '\n', dos = '\r\n', mac = '\r' }
local MARK = '\239\187\191'

---@type table<integer, true> buffers whose file went
local left = {}
---@type table<string, 'deleted'|'taken back'|'other'> files to look at, with what became of them
local touched = {}

---@param buf integer
---@return string
local function name_of(buf)
  return render.one_line(vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buf), ':.'))
end

---@param path string
---@return string? bytes
local function read(path)
  local file = io.open(path, 'rb')
  local bytes = file and file:read('*a')
  return file and file:close() and bytes
end

-- The file that a buffer would be read from; nil if that cannot be told.
---@param buf integer
---@return string? bytes
local function bytes_of(buf)
  local encoding = vim.bo[buf].fileencoding
  if encoding ~= '' and encoding ~= 'utf-8' then
    return nil
  end
  local line_break = breaks[vim.bo[buf].fileformat]
  local text = table.concat(vim.api.nvim_buf_get_lines(buf, 0, -1, true), line_break)
  return (vim.bo[buf].bomb and MARK or '') .. text .. (vim.bo[buf].endofline and line_break or '')
end

-- Whether a file has the text that a buffer has or had; nil if that cannot be told.
---@param text? string As `bytes_of` gives it.
---@param path string
---@return boolean?
local function is_in(text, path)
  local bytes = text and read(path)
  if not bytes then
    return nil
  end
  -- The one empty line of a buffer may be no line in the file.
  local is_empty = bytes == '' or bytes == MARK
  return bytes == text
    or is_empty and vim.tbl_contains(breaks, text:sub(#bytes + 1)) and vim.startswith(text, bytes)
end

-- Reads a file into a buffer. One with a swap file is read, too, without Neovim's long message.
---@param buf integer
---@param run fun()
local function reading(buf, run)
  local shortmess = vim.o.shortmess
  vim.opt.shortmess:append('A')
  local is_read, problem = pcall(run)
  vim.o.shortmess = shortmess
  local swap = vim.fn.swapname(buf)
  -- The first one has this name.
  local has_other = swap ~= '' and not vim.endswith(swap, '.swp')
  local why = has_other and 'it has a swap file; see :help E325'
    or not is_read and render.one_line(tostring(problem), 200)
  if why then
    pause.say(('%s: %s'):format(name_of(buf), why), vim.log.levels.WARN)
  end
end

-- Whether a file may be read into a buffer now: not under the fingers of a user who types in it.
---@param buf integer
---@return boolean
local function may_read(buf)
  local is_typing = vim.api.nvim_get_current_buf() == buf and vim.api.nvim_get_mode().mode ~= 'n'
  return not is_typing and vim.fn.getcmdwintype() == ''
end

-- Reads a file again; where the user types in its buffer, in a pause, if it is still to be read then.
-- What they have typed by then stays, and what that means is said.
---@param buf integer
---@param path string
---@param what? string
local function read_again(buf, path, what)
  if may_read(buf) then
    left[buf] = nil
    return reading(buf, function()
      vim.api.nvim_buf_call(buf, function()
        vim.cmd('silent edit!')
      end)
    end)
  end
  local text = bytes_of(buf)
  pause.wait(function()
    return edit.buffer_of(path) == buf
  end, function()
    if not vim.bo[buf].modified then
      M.look(path, what)
    elseif vim.uv.fs_stat(path) then
      left[buf] = nil
      if not is_in(text, path) then
        local words = '%s is another file on the disk now; to write this buffer would overwrite it'
        pause.say(words:format(name_of(buf)), vim.log.levels.WARN)
      end
    end
  end)
end

---@param buf integer
---@return boolean
local function is_empty(buf)
  return vim.api.nvim_buf_line_count(buf) == 1
    and vim.api.nvim_buf_get_lines(buf, 0, 1, true)[1] == ''
end

-- A file has gone and its text is in a buffer alone. One that is not shown goes along; one that is
-- does not count as modified, for then `:wall` would bring the file back.
---@param buf integer
---@param what string
local function leave(buf, what)
  if left[buf] or is_empty(buf) then
    return
  elseif #vim.fn.win_findbuf(buf) == 0 then
    return vim.api.nvim_buf_delete(buf, {})
  end
  left[buf] = true
  local words = '%s is %s; its text is only in this buffer'
  pause.say(words:format(name_of(buf), what), vim.log.levels.WARN)
end

--- Whether the user has been told that the file of a buffer went.
---@param buf integer
---@return boolean
function M.has_left(buf)
  return left[buf] == true
end

--- Has the buffer of a file show what the file has, if nothing was typed in it.
---@param path string
---@param what? string What became of it, for one that is not there any more.
function M.look(path, what)
  local buf = edit.buffer_of(path)
  if not buf or vim.bo[buf].modified then
    return
  end
  if not vim.uv.fs_stat(path) then
    if what then
      leave(buf, what)
    end
    return
  end
  -- What is there again is read even if it says the same: Neovim would ask before it is written.
  if left[buf] or is_in(bytes_of(buf), path) == false then
    read_again(buf, path, what)
  end
end

-- Whether a buffer shows a file that is now elsewhere. What is told may be long ago.
---@param buf integer
---@param from string
---@param to string
---@return boolean
local function has_moved(buf, from, to)
  if vim.bo[buf].modified or not vim.uv.fs_stat(to) then
    return false
  end
  local text = bytes_of(buf)
  return not vim.uv.fs_stat(from) or is_in(text, from) == false and is_in(text, to) == true
end

--- Shows what has moved from `from` to `to` where the old file was shown. A buffer with changes
--- stays, and so does one whose file is there.
---@param from string
---@param to string
function M.follow(from, to)
  local old = edit.buffer_of(from)
  if not old or not has_moved(old, from, to) then
    return
  end
  local new = vim.fn.bufadd(vim.fn.fnamemodify(to, ':.'))
  reading(new, function()
    vim.fn.bufload(new)
  end)
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

local look_at_touched = pause.coalesce(AFTER_MS, function()
  local paths = touched
  touched = {}
  for path, what in pairs(paths) do
    M.look(path, what ~= 'other' and what or nil)
  end
end)

---@param path string
---@param what 'deleted'|'taken back'|'other'
local function touch(path, what)
  touched[path] = what ~= 'other' and what or touched[path] or what
  look_at_touched()
end

---@param file coworker.FileChange
---@return boolean? is_shown Whether its hunks are in the file; nil where none was yet.
local function how_it_stands(file)
  for _, hunk in ipairs(file.hunks) do
    local kind = hunk.state.kind
    if kind == 'applied' or kind == 'kept' or kind == 'undone' then
      return kind ~= 'undone'
    end
  end
end

-- Hunks were shown in a file or hidden, or how they stand is told anew.
---@param file coworker.FileChange
---@param is_shown boolean
local function turned(file, is_shown)
  if file.kind == 'delete' and is_shown then
    touch(file.path, 'deleted')
  elseif file.kind == 'create' and not is_shown then
    touch(file.path, 'taken back')
  else
    touch(file.path, 'other')
    if file.to then
      touch(file.to, 'other')
    end
  end
end

sessions.subscribe(function(_, conversation, event)
  local item = event.kind == 'update' and event.update.item
  for _, file in ipairs(item and item.kind == 'changeSet' and item.files or {}) do
    local is_shown = how_it_stands(file)
    if is_shown ~= nil and file.kind == 'move' then
      M.follow(is_shown and file.path or file.to, is_shown and file.to or file.path)
    end
    if is_shown ~= nil and not conversation.replays then
      turned(file, is_shown)
    end
  end
end)

vim.api.nvim_create_autocmd({ 'BufWipeout', 'BufWritePost' }, {
  group = vim.api.nvim_create_augroup('coworker.disk', { clear = true }),
  callback = function(event)
    left[event.buf] = nil
  end,
})

return M
