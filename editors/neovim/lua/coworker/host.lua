--- What the editor does for the server: it saves documents when the user chose *save and run*,
--- and tells what its language servers say about a document, for a version of it.
---
--- Which server has spoken about which version is not something Neovim keeps, so it is noted here:
--- when a change was sent to a server, and when the server last published.

local edit = require('coworker.edit')
local pause = require('coworker.pause')

local M = {}

local POLL_MS = 20

---@class coworker.Spoken
---@field changed? number When the last change of the buffer was sent, in milliseconds.
---@field change? integer The version it made.
---@field opened? boolean Whether that was the opening.
---@field published? number When the server last said something about it.
---@field latency? number How long it took of late to say its last word about a change.
---@field version? integer The version it said to speak of.

--- What is known of each server and buffer, by `client_id .. ':' .. bufnr`.
---@type table<string, coworker.Spoken>
local spoken = {}

---@return number milliseconds
local function now()
  return vim.uv.hrtime() / 1e6
end

---@param client_id integer
---@param buf integer
---@return coworker.Spoken
local function of(client_id, buf)
  local key = client_id .. ':' .. buf
  spoken[key] = spoken[key] or {}
  return spoken[key]
end

---@param buf integer
---@return integer
local function version_of(buf)
  return vim.lsp.util.buf_versions[buf] or vim.api.nvim_buf_get_changedtick(buf)
end

local watching = false

--- Begins to note what language servers are sent and say. Diagnostics that come meanwhile are
--- handled by Neovim as ever.
function M.watch()
  if watching then
    return
  end
  watching = true
  local group = vim.api.nvim_create_augroup('coworker.host', { clear = true })
  vim.api.nvim_create_autocmd('LspNotify', {
    group = group,
    callback = function(event)
      local method = event.data.method
      if method == 'textDocument/didChange' or method == 'textDocument/didOpen' then
        local note = of(event.data.client_id, event.buf)
        -- To load a project takes longer than any change: what followed the opening does not count.
        if note.changed and not note.opened and (note.published or 0) > note.changed then
          note.latency = math.max((note.latency or 0) / 2, note.published - note.changed)
        end
        note.changed, note.change = now(), version_of(event.buf)
        note.opened = method == 'textDocument/didOpen'
      end
    end,
  })
  vim.api.nvim_create_autocmd('BufWipeout', {
    group = group,
    callback = function(event)
      for key in pairs(spoken) do
        if vim.endswith(key, ':' .. event.buf) then
          spoken[key] = nil
        end
      end
    end,
  })
  local name = 'textDocument/publishDiagnostics'
  local publish = vim.lsp.handlers[name]
  vim.lsp.handlers[name] = function(problem, params, context, ...)
    local buf = params and params.uri and vim.uri_to_bufnr(params.uri)
    if buf then
      local note = of(context.client_id, buf)
      note.published, note.version = now(), params.version
    end
    return publish(problem, params, context, ...)
  end
end

--- The language servers that look at a buffer, ours left out.
---@param buf integer
---@return vim.lsp.Client[]
local function servers_of(buf)
  return vim.tbl_filter(function(client)
    return client.name ~= 'coworker'
  end, vim.lsp.get_clients({ bufnr = buf }))
end

--- Whether a server that publishes by itself has spoken about a version, and nothing new came for
--- a while.
---@param client vim.lsp.Client
---@param buf integer
---@param version integer
---@param settle_ms number
---@return boolean
local function has_spoken(client, buf, version, settle_ms)
  local note = of(client.id, buf)
  if not note.published or now() - note.published < settle_ms then
    return false
  end
  if note.version then
    return note.version >= version
  end
  -- A server that names no version speaks of what it was last sent, or still of what it was sent
  -- before that: so it is given the time it took of late.
  return (note.change or 0) >= version
    and note.published >= note.changed
    and now() - note.changed >= 1.5 * (note.latency or 0)
end

---@param diagnostic vim.Diagnostic
---@param encoding string
---@return coworker.WireDiagnostic
local function on_the_wire(diagnostic, encoding)
  local buf = diagnostic.bufnr
  local function position(row, col)
    local line = buf
        and vim.api.nvim_buf_is_loaded(buf)
        and vim.api.nvim_buf_get_lines(buf, row, row + 1, false)[1]
      or nil
    local character = line and vim.str_utfindex(line, encoding, math.min(col, #line), false) or col
    return { line = row, character = character }
  end
  local words = { 'error', 'warning', 'information', 'hint' }
  return {
    uri = vim.uri_from_bufnr(buf),
    range = {
      start = position(diagnostic.lnum, diagnostic.col),
      ['end'] = position(
        diagnostic.end_lnum or diagnostic.lnum,
        diagnostic.end_col or diagnostic.col
      ),
    },
    severity = words[diagnostic.severity] or 'information',
    message = diagnostic.message,
    source = diagnostic.source or '',
    code = diagnostic.code and tostring(diagnostic.code) or '',
  }
end

---@param buf integer?
---@param root string
---@param encoding string
---@return coworker.WireDiagnostic[]
local function known(buf, root, encoding)
  local items = {}
  for _, diagnostic in ipairs(vim.diagnostic.get(buf)) do
    local name = vim.api.nvim_buf_get_name(diagnostic.bufnr)
    if buf or vim.startswith(name, root .. '/') then
      table.insert(items, on_the_wire(diagnostic, encoding))
    end
  end
  return items
end

-- A server that is asked instead of publishing answers for the text it is sent before.
---@param clients vim.lsp.Client[]
---@param buf integer
---@return fun(): boolean answered whether all of them have
local function pull(clients, buf)
  local waiting = 0
  for _, client in ipairs(clients) do
    waiting = waiting + 1
    local params = { textDocument = vim.lsp.util.make_text_document_params(buf) }
    local sent = client:request('textDocument/diagnostic', params, function(problem, result, ...)
      waiting = waiting - 1
      -- Neovim shows them as if it had asked itself.
      vim.lsp.handlers['textDocument/diagnostic'](problem, result, ...)
    end, buf)
    if not sent then
      waiting = waiting - 1
    end
  end
  return function()
    return waiting == 0
  end
end

--- Waits until the servers have spoken, and goes on with the coroutine that called.
---@param done fun(): boolean
---@param timeout_ms number
---@return boolean done
local function wait(done, timeout_ms)
  local thread = coroutine.running()
  local deadline = now() + timeout_ms
  local timer = assert(vim.uv.new_timer())
  timer:start(
    0,
    POLL_MS,
    vim.schedule_wrap(function()
      if timer:is_closing() then
        return
      end
      local is_done = done()
      if is_done or now() >= deadline then
        timer:close()
        local ok, problem = coroutine.resume(thread, is_done)
        if not ok then
          pause.say(tostring(problem), vim.log.levels.ERROR)
        end
      end
    end)
  )
  return coroutine.yield()
end

--- `coworker/editor/diagnostics`.
---@param root string
---@param params coworker.DiagnosticsParams
---@param encoding string The position encoding agreed on with our server.
---@return coworker.DiagnosticsResult|vim.NIL
function M.diagnostics(root, params, encoding)
  if not params.uri or params.uri == vim.NIL then
    return { items = known(nil, root, encoding), fresh = true, servers = {} }
  end
  local buf = edit.buffer_of(vim.uri_to_fname(params.uri))
  local clients = buf and servers_of(buf) or {}
  if not buf or #clients == 0 then
    return vim.NIL
  end
  local fresh = true
  local version = params.minVersion
  if version and version ~= vim.NIL then
    local pulled, publishing = {}, {}
    for _, client in ipairs(clients) do
      local pulls = client:supports_method('textDocument/diagnostic', buf)
      table.insert(pulls and pulled or publishing, client)
    end
    local answered = pull(pulled, buf)
    fresh = wait(function()
      if not vim.api.nvim_buf_is_loaded(buf) then
        return true
      end
      return answered()
        and vim.iter(publishing):all(function(client)
          return has_spoken(client, buf, version, params.settleMs)
        end)
    end, params.timeoutMs)
  end
  if not vim.api.nvim_buf_is_loaded(buf) then
    return vim.NIL
  end
  return {
    items = known(buf, root, encoding),
    version = version_of(buf),
    fresh = fresh,
    servers = vim.tbl_map(function(client)
      return client.name
    end, clients),
  }
end

--- `coworker/documents/save`: what cannot be saved is said to the user, and seen by the server.
---@param params coworker.SaveParams
---@return table
function M.save(params)
  for _, uri in ipairs(params.uris) do
    local buf = edit.buffer_of(vim.uri_to_fname(uri))
    if buf then
      local ok, problem = pcall(vim.api.nvim_buf_call, buf, function()
        vim.cmd('silent update')
      end)
      if not ok then
        pause.say('not saved: ' .. tostring(problem), vim.log.levels.WARN)
      end
    end
  end
  return vim.empty_dict()
end

return M
