--- The server: one for each root, its life, the buffers it sees, and what it asks of us.
--- It knows no session and no window; whoever wants to hear of things puts a function in `on`.

local config = require('coworker.config')
local edit = require('coworker.edit')
local host = require('coworker.host')
local pause = require('coworker.pause')
local sync = require('coworker.sync')

local M = {}

--- The version of the `coworker/` methods this plugin was written for.
M.PROTOCOL_VERSION = 1

---@class coworker.Server
---@field root string
---@field phase 'starting'|'running'|'stopping'|'stopped'
---@field client_id? integer
---@field waiting fun(server: coworker.Server)[] What is to be done once it runs, or has failed to.
---@field ended? string How it ended, in words.
---@field after_exit? fun()

---@class coworker.Events
---@field update fun(root: string, params: coworker.SessionUpdate)
---@field approval fun(root: string, params: coworker.ApprovalRequestParams): coworker.Answer|vim.NIL
---@field prompt fun(root: string, params: coworker.PromptParams): string|vim.NIL
---@field start fun(root: string) It runs; what waits for it has not been sent yet.
---@field exit fun(root: string)

--- Who hears of what the server sends.
---@type coworker.Events
M.on = {} ---@diagnostic disable-line: missing-fields

---@type table<string, coworker.Server>
local servers = {}

---@param message string
---@param level? integer
local function say(message, level)
  pause.say(message, level or vim.log.levels.ERROR)
end

--- Whether this buffer holds a file that the agent may see.
---@param buf integer
---@return boolean
function M.is_file(buf)
  local name = vim.api.nvim_buf_get_name(buf)
  return vim.api.nvim_buf_is_loaded(buf)
    and vim.bo[buf].buftype == ''
    and name ~= ''
    and not name:find('^%a[%w+.-]*://')
end

--- The folder that a buffer belongs to: the repository, else the current folder.
---@param buf integer
---@return string
function M.root_of(buf)
  local pane = vim.b[buf].coworker_root
  if pane then
    return pane
  end
  local root = M.is_file(buf) and vim.fs.root(buf, '.git')
    or vim.fs.root(vim.fn.getcwd(), '.git')
    or vim.fn.getcwd()
  return vim.uv.fs_realpath(root) or root
end

---@param root string
---@return coworker.Server?
function M.server(root)
  return servers[root]
end

--- Every server there is or was, by root.
---@return table<string, coworker.Server>
function M.servers()
  return servers
end

---@param server coworker.Server
---@return vim.lsp.Client?
local function lsp_client(server)
  return server.client_id and vim.lsp.get_client_by_id(server.client_id)
end

--- The LSP client of a server that runs.
---@param root string
---@return vim.lsp.Client?
function M.lsp(root)
  local server = servers[root]
  return server and server.phase == 'running' and lsp_client(server) or nil
end

--- How the server of a root ended by itself, in words, with what can be done; nil while there is one.
---@param root string
---@return string?
function M.ended(root)
  local server = servers[root]
  return server and server.phase == 'stopped' and server.ended or nil
end

---@param server coworker.Server
local function run_waiting(server)
  local waiting = server.waiting
  server.waiting = {}
  for _, run in ipairs(waiting) do
    run(server)
  end
end

---@param server coworker.Server
local function attach_buffers(server)
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    if M.is_file(buf) and M.root_of(buf) == server.root then
      sync.attach(buf, server.client_id)
    end
  end
end

---@param server coworker.Server
---@param code integer
---@param signal integer
local function ended(server, code, signal)
  local wanted = server.phase == 'stopping'
  server.phase = 'stopped'
  local how = signal ~= 0 and ('signal %d'):format(signal) or ('exit code %d'):format(code)
  if not wanted then
    server.ended = ('The server stopped (%s). :CoworkerRestart goes on.'):format(how)
  end
  if vim.v.exiting ~= vim.NIL then
    return
  end
  M.on.exit(server.root)
  run_waiting(server)
  if server.after_exit then
    server.after_exit()
  elseif not wanted then
    say(server.ended, vim.log.levels.WARN)
  end
end

-- Neovim has its own message for a server that dies. It is longer than a line, so the editor
-- would wait for a key at the "Press ENTER" prompt and take it from the user: ours is short.
---@param server coworker.Server
---@return fun(dispatchers: vim.lsp.rpc.Dispatchers): vim.lsp.rpc.PublicClient
local function spawn(server)
  return function(dispatchers)
    local own = vim.tbl_extend('force', dispatchers, {
      on_exit = function(code, signal)
        vim.schedule(function()
          ended(server, code, signal)
        end)
        dispatchers.on_exit(0, 0)
      end,
    })
    local cmd = config.get().cmd
    if type(cmd) == 'function' then
      return cmd(own)
    end
    return vim.lsp.rpc.start(cmd, own, { cwd = server.root })
  end
end

---@param root string
---@return table<string, lsp.Handler>
local function handlers(root)
  return {
    ['coworker/session/update'] = function(_, params)
      M.on.update(root, params)
    end,
    ['coworker/approval/request'] = function(_, params)
      return M.on.approval(root, params)
    end,
    ['coworker/prompt'] = function(_, params)
      return M.on.prompt(root, params)
    end,
    ['workspace/applyEdit'] = function(_, params, context)
      local client = assert(vim.lsp.get_client_by_id(context.client_id))
      return edit.apply(params, client.offset_encoding)
    end,
    ['coworker/documents/save'] = function(_, params)
      return host.save(params)
    end,
    ['coworker/editor/diagnostics'] = function(_, params, context)
      local client = assert(vim.lsp.get_client_by_id(context.client_id))
      return host.diagnostics(root, params, client.offset_encoding)
    end,
  }
end

---@return table
local function init_options()
  return {
    coworker = {
      version = M.PROTOCOL_VERSION,
      ui = { chat = true, approvals = true, prompt = true, questions = true, hunks = true },
      host = { save = true, diagnostics = true },
      model = config.get().model,
      mode = config.get().mode,
    },
  }
end

---@return boolean
local function can_start()
  local cmd = config.get().cmd
  if type(cmd) == 'table' and vim.fn.executable(cmd[1]) == 0 then
    vim.notify_once(
      ('Coworker: `%s` is not an executable; see :checkhealth coworker'):format(cmd[1]),
      vim.log.levels.ERROR
    )
    return false
  end
  return true
end

--- Starts the server of a root, unless it runs, and shows it the buffers of that root.
---@param root string
---@return coworker.Server? nil when it cannot be started
function M.start(root)
  local server = servers[root]
  if server and server.phase ~= 'stopped' then
    return server
  end
  if not can_start() then
    return nil
  end
  server = { root = root, phase = 'starting', waiting = {} }
  host.watch()
  local id = vim.lsp.start({
    name = 'coworker',
    cmd = spawn(server),
    root_dir = root,
    init_options = init_options(),
    capabilities = { workspace = { workspaceEdit = { documentChanges = true } } },
    handlers = handlers(root),
    -- The agent must see each key before it makes an edit: a version that lags is refused.
    flags = { debounce_text_changes = 0 },
    on_init = function(client)
      server.client_id = client.id
      server.phase = 'running'
      attach_buffers(server)
      vim.schedule(function()
        if server.phase == 'running' then
          M.on.start(root)
        end
        run_waiting(server)
      end)
    end,
  }, {
    attach = false,
    reuse_client = function()
      return false
    end,
  })
  if not id then
    return nil
  end
  server.client_id = id
  servers[root] = server
  return server
end

--- Shows a buffer to its server. A server that died is not started by this.
---@param buf integer
function M.attach(buf)
  if not M.is_file(buf) then
    return
  end
  local root = M.root_of(buf)
  local known = servers[root]
  if known and known.phase == 'stopped' then
    return
  end
  local server = M.start(root)
  if server and server.phase == 'running' then
    sync.attach(buf, server.client_id)
  end
end

--- What an error of the server says to people.
---@param problem lsp.ResponseError
---@return string
local function in_words(problem)
  return problem.message or 'the server answered with an error'
end

--- Sends a request, after the start of the server if need be.
---@param root string
---@param method string
---@param params table
---@param on_result fun(result: any)
---@param on_error? fun(problem: lsp.ResponseError) Without it the user is told.
function M.request(root, method, params, on_result, on_error)
  on_error = on_error or function(problem)
    say(in_words(problem))
  end
  local server = M.start(root)
  if not server then
    return on_error({ code = 0, message = 'the server cannot be started' })
  end
  local function send()
    local client = server.phase == 'running' and lsp_client(server)
    local sent = client
      and client:request(method, params, function(problem, result)
        if problem then
          on_error(problem)
        else
          on_result(result)
        end
      end)
    if not sent then
      on_error({ code = 0, message = server.ended or 'the server is not running' })
    end
  end
  if server.phase == 'running' then
    send()
  else
    table.insert(server.waiting, send)
  end
end

--- Runs `run` as soon as the server of a root runs; starts it if need be.
---@param root string
---@param run fun()
function M.when_running(root, run)
  local server = M.start(root)
  if server and server.phase == 'running' then
    run()
  elseif server then
    table.insert(server.waiting, function()
      if server.phase == 'running' then
        run()
      end
    end)
  end
end

--- Sends a request and waits for its answer, for completion only.
---@param root string
---@param method string
---@param params table
---@return any? result
function M.request_now(root, method, params)
  local client = M.lsp(root)
  local response = client and client:request_sync(method, params, 500)
  return response and response.result
end

--- Ends the server of a root and starts a new one.
---@param root string
function M.restart(root)
  local old = servers[root]
  local function start()
    M.start(root)
  end
  local client = old and old.phase ~= 'stopped' and lsp_client(old)
  if not client then
    return start()
  end
  -- The old process holds the session until it is gone.
  old.phase = 'stopping'
  old.after_exit = start
  client:stop()
  vim.defer_fn(function()
    if old.phase == 'stopping' then
      client:stop(true)
    end
  end, 2000)
end

return M
