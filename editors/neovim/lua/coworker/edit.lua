--- `workspace/applyEdit`, done honestly.
---
--- Neovim's own handler says yes to an edit it skipped, checks the version of the first document
--- only, and joins the edit with what the user is typing into one undo step. This one applies all
--- or nothing, says why not, and gives the edit an undo step of its own.

local sync = require('coworker.sync')

local M = {}

---@param reason string
---@return lsp.ApplyWorkspaceEditResult
local function refuse(reason)
  return { applied = false, failureReason = reason }
end

---@param path string
---@return string
local function resolved(path)
  local real = vim.uv.fs_realpath(path)
  if real then
    return real
  end
  -- There is no such file, but its folder may be known by several names.
  local folder = vim.uv.fs_realpath(vim.fs.dirname(path))
  return folder and vim.fs.joinpath(folder, vim.fs.basename(path)) or vim.fs.normalize(path)
end

--- The loaded buffer of this file.
---@param path string
---@return integer?
function M.buffer_of(path)
  local wanted = resolved(path)
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if vim.api.nvim_buf_is_loaded(buf) and vim.bo[buf].buftype == '' then
      local name = vim.api.nvim_buf_get_name(buf)
      if name ~= '' and resolved(name) == wanted then
        return buf
      end
    end
  end
end

-- Setting 'undolevels', even to what it is, ends the current undo block.
---@param buf integer
local function break_undo(buf)
  vim.api.nvim_buf_call(buf, function()
    vim.bo.undolevels = vim.bo.undolevels
  end)
end

--- The buffer that a change is for, or why it cannot be applied.
---@param change lsp.TextDocumentEdit|lsp.CreateFile|lsp.RenameFile|lsp.DeleteFile
---@return integer?, string?
local function target(change)
  if change.kind then
    return nil, 'creating, renaming and deleting files is not done by the editor'
  end
  local path = vim.uri_to_fname(change.textDocument.uri)
  local name = vim.fn.fnamemodify(path, ':.')
  local buf = M.buffer_of(path)
  if not buf then
    return nil, ('%s is not open'):format(name)
  end
  if not sync.is_told(buf) then
    return nil, ('the server does not have the text of %s that is in the editor'):format(name)
  end
  local wanted, current = change.textDocument.version, vim.lsp.util.buf_versions[buf]
  if wanted ~= current then
    local found = wanted == nil and 'none' or tostring(wanted)
    return nil, ('%s is at version %s, the edit is for %s'):format(name, current, found)
  end
  if not vim.bo[buf].modifiable then
    return nil, ('%s is not modifiable'):format(name)
  end
  return buf
end

-- Neovim's own function breaks lines at each CR. In a file that is not of DOS they are characters.
---@param buf integer
---@param text string
---@return string[] lines
local function lines_of(buf, text)
  local is_dos = vim.bo[buf].fileformat == 'dos'
  return vim.split(is_dos and text:gsub('\r\n', '\n') or text, '\n', { plain = true })
end

-- The place of a position: that behind the last line is at its end.
---@param buf integer
---@param at lsp.Position
---@param encoding string
---@return integer row, integer byte
local function place(buf, at, encoding)
  local last = vim.api.nvim_buf_line_count(buf) - 1
  local row = math.min(at.line, last)
  local line = vim.api.nvim_buf_get_lines(buf, row, row + 1, true)[1]
  return row, at.line > last and #line or vim.str_byteindex(line, encoding, at.character, false)
end

---@param buf integer
---@param edits lsp.TextEdit[] In ascending order, without overlap.
---@param encoding string
local function put(buf, edits, encoding)
  local function has_cr(edit)
    return table.concat(lines_of(buf, edit.newText)):find('\r', 1, true)
  end
  if not vim.iter(edits):any(has_cr) then
    return vim.lsp.util.apply_text_edits(edits, buf, encoding)
  end
  for _, edit in vim.iter(edits):rev():enumerate() do
    local row, byte = place(buf, edit.range.start, encoding)
    local last_row, last_byte = place(buf, edit.range['end'], encoding)
    local lines = lines_of(buf, edit.newText)
    vim.api.nvim_buf_set_text(buf, row, byte, last_row, last_byte, lines)
  end
end

--- Applies the edit as a whole or not at all.
---@param params lsp.ApplyWorkspaceEditParams
---@param encoding string The position encoding agreed on with the server.
---@return lsp.ApplyWorkspaceEditResult
function M.apply(params, encoding)
  local changes = params.edit.documentChanges
  if not changes then
    return refuse('the edit does not say which versions it is for')
  end
  local targets = {}
  for at, change in ipairs(changes) do
    local buf, why_not = target(change)
    if not buf then
      return refuse(why_not or '')
    end
    targets[at] = buf
  end
  for at, change in ipairs(changes) do
    break_undo(targets[at])
    local ok, problem = pcall(put, targets[at], change.edits, encoding)
    break_undo(targets[at])
    if not ok then
      return refuse(tostring(problem))
    end
  end
  return { applied = true }
end

return M
