--- Tells the server when the user gives a file another name, so that its hunks go along. File trees
--- tell it themselves; that it is told twice does not matter.
---
--- Neovim knows buffers only: a buffer with another name can be a renamed file or a copy. It was
--- renamed if there is no file of the old name when the command is over, or when the buffer has been
--- written.

local client = require('coworker.client')
local sessions = require('coworker.sessions')

local M = {}

---@class coworker.Renaming
---@field from string
---@field tell vim.lsp.Client[] Who had it open under that name.

---@type table<integer, coworker.Renaming> by buffer, until it is known which it is
local renaming = {}
---@type table<string, table[]> what a server that is dead has yet to be told, by root
local untold = {}

-- A buffer is opened anew under its new name at once: what Neovim sends between the new name and the
-- next write would be for a document that the server does not have.
---@param buf integer
local function before(buf)
  if not client.is_file(buf) then
    return
  end
  local clients = vim.lsp.get_clients({ bufnr = buf, name = 'coworker' })
  local first = renaming[buf] and renaming[buf].from
  renaming[buf] = { from = first or vim.api.nvim_buf_get_name(buf), tell = clients }
  for _, lsp in ipairs(clients) do
    vim.lsp.buf_detach_client(buf, lsp.id)
  end
end

---@param buf integer
---@param is_written boolean
local function decide(buf, is_written)
  local it = renaming[buf]
  if not it or not vim.api.nvim_buf_is_valid(buf) then
    return
  end
  local is_copy = vim.uv.fs_stat(it.from) ~= nil
  if is_written or not is_copy then
    renaming[buf] = nil
  end
  local to = vim.api.nvim_buf_get_name(buf)
  if is_copy or to == it.from then
    return
  end
  local file = { oldUri = vim.uri_from_fname(it.from), newUri = vim.uri_from_fname(to) }
  for _, lsp in ipairs(it.tell) do
    lsp:notify('workspace/didRenameFiles', { files = { file } })
  end
  local root = client.root_of(buf)
  if #it.tell == 0 and client.server(root) then
    untold[root] = vim.list_extend(untold[root] or {}, { file })
  end
end

---@param is_written boolean
---@return fun(event: vim.api.keyset.create_autocmd.callback_args)
local function decide_after(is_written)
  return function(event)
    decide(event.buf, false)
    -- The same command may yet delete the old file.
    vim.schedule(function()
      decide(event.buf, is_written)
    end)
  end
end

--- Begins to look.
---@param group integer
function M.watch(group)
  vim.api.nvim_create_autocmd('BufFilePre', {
    group = group,
    desc = 'Note the old name of the buffer',
    callback = function(event)
      before(event.buf)
    end,
  })
  vim.api.nvim_create_autocmd('BufFilePost', { group = group, callback = decide_after(false) })
  vim.api.nvim_create_autocmd('BufWritePost', { group = group, callback = decide_after(true) })
  vim.api.nvim_create_autocmd('BufWipeout', {
    group = group,
    callback = function(event)
      renaming[event.buf] = nil
    end,
  })
end

-- A new server learns of the hunks with the session that is shown again.
sessions.subscribe(function(root, _, event)
  local lsp = event.kind == 'reset' and untold[root] and client.lsp(root)
  if lsp then
    lsp:notify('workspace/didRenameFiles', { files = untold[root] })
    untold[root] = nil
  end
end)

return M
