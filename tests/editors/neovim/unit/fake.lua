-- A server inside Neovim: it notes what it is asked, and tells and asks what a test wants.

---@class Fake
---@field asked { method: string, params: any }[]
---@field answers table<string, fun(params: any): any, table?> result, error
---@field replies table<integer, any> what the client answered to the server's requests
---@field seq integer
local Fake = {}
Fake.__index = Fake

local M = {}

---@param method string
---@return fun(params: any): any
local function default_answer(method)
  return ({
    initialize = function()
      return {
        capabilities = {
          positionEncoding = 'utf-16',
          textDocumentSync = 2,
          experimental = { coworker = { protocolVersion = 1, methods = {} } },
        },
      }
    end,
    ['coworker/session/new'] = function()
      return { session = { id = 's1', title = '' }, epoch = 'e1', seq = 0, fromStart = true }
    end,
    ['coworker/chat'] = function()
      return { sessionId = 's1', turnId = 't1', queued = false }
    end,
    ['coworker/changes/list'] = function()
      return { hunks = {} }
    end,
    ['coworker/changes/resolve'] = function()
      return { hunks = {} }
    end,
  })[method] or function()
    return vim.empty_dict()
  end
end

---@return Fake
function M.new()
  local fake = setmetatable({ asked = {}, answers = {}, replies = {}, seq = 0, starts = 0 }, Fake)
  fake.cmd = function(dispatchers)
    fake.starts = fake.starts + 1
    return fake:serve(dispatchers)
  end
  return fake
end

function Fake:serve(dispatchers)
  self.dispatchers = dispatchers
  local closed = false
  local function finish(code, signal)
    if not closed then
      closed = true
      dispatchers.on_exit(code, signal)
    end
  end
  self.die = finish
  return {
    request = function(method, params, callback)
      table.insert(self.asked, { method = method, params = params })
      local result, problem = (self.answers[method] or default_answer(method))(params)
      vim.schedule(function()
        callback(problem, result)
      end)
      return true, #self.asked
    end,
    notify = function(method, params)
      table.insert(self.asked, { method = method, params = params })
      if method == 'exit' then
        finish(0, 0)
      end
      return true
    end,
    is_closing = function()
      return closed
    end,
    terminate = function()
      finish(0, 15)
    end,
  }
end

--- Everything the client sent under this method.
---@param method string
---@return any[]
function Fake:sent(method)
  local out = {}
  for _, message in ipairs(self.asked) do
    if message.method == method then
      table.insert(out, message.params or {})
    end
  end
  return out
end

---@param update coworker.Update
---@param session_id? string
function Fake:tell(update, session_id)
  self.seq = self.seq + 1
  self.dispatchers.notification(
    'coworker/session/update',
    { sessionId = session_id or 's1', seq = self.seq, update = update }
  )
end

---@param item coworker.Item
function Fake:start(item)
  self:tell({ kind = 'itemStarted', item = vim.tbl_extend('keep', item, { turnId = 't1', at = 0 }) })
end

---@param item coworker.Item
function Fake:finish(item)
  self:tell({ kind = 'itemEnded', item = vim.tbl_extend('keep', item, { turnId = 't1', at = 0 }) })
end

---@param id string
---@param offset integer
---@param text string
function Fake:delta(id, offset, text)
  self:tell({ kind = 'delta', itemId = id, offset = offset, text = text })
end

--- Asks the client; the answer comes to `replies` under the number returned.
---@param method string
---@param params any
---@return integer
function Fake:ask(method, params)
  local number = #self.replies + 1
  self.replies[number] = false
  coroutine.wrap(function()
    self.replies[number] = self.dispatchers.server_request(method, params)
  end)()
  return number
end

--- Begins a question with its item, as the server does.
---@param id string
---@param approval coworker.Approval
---@return integer number of the reply
function Fake:question(id, approval)
  self:start(vim.tbl_extend('force', { id = id, kind = 'approval' }, approval))
  return self:ask('coworker/approval/request', {
    sessionId = 's1',
    approvalId = id,
    approval = approval,
  })
end

return M
