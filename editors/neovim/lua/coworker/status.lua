--- What a session is doing, in a few words for a bar.

local approvals = require('coworker.approvals')
local client = require('coworker.client')
local pane = require('coworker.pane')
local sessions = require('coworker.sessions')

local M = {}

--- The state in one word, and its highlight.
---@param root string
---@return string word, string highlight
local function state(root)
  local server = client.server(root)
  local conversation = sessions.current(root)
  if server and server.phase == 'stopped' then
    return 'server stopped', 'CoworkerBad'
  elseif approvals.next(root) then
    return 'waiting for you', 'CoworkerQuestion'
  elseif conversation and conversation.fold:is_running() then
    return 'running', 'CoworkerRunning'
  end
  return 'idle', 'CoworkerDim'
end

---@param model string
---@return string
local function short(model)
  return (model:gsub('/[^:]*/', '…/'))
end

--- For the user's own status line: `Coworker running · ask · provider/name`; empty without a
--- session.
---@param root string
---@return string
function M.text(root)
  local conversation = sessions.current(root)
  if not conversation then
    return ''
  end
  local parts = { (state(root)) }
  table.insert(parts, conversation.fold.mode)
  table.insert(parts, conversation.fold.model ~= '' and short(conversation.fold.model) or nil)
  return 'Coworker ' .. table.concat(parts, ' · ')
end

--- The bar above the chat pane.
---@param root string
---@return string
function M.winbar(root)
  local word, highlight = state(root)
  local conversation = sessions.current(root)
  local bar = (' %%#%s#● %s%%*'):format(highlight, word)
  if conversation then
    local fold = conversation.fold
    local mode = pane.bar_text(fold.mode)
    bar = ('%s · %s'):format(bar, fold.mode == 'auto' and '%#CoworkerBad#auto%*' or mode)
    if fold.model ~= '' then
      bar = ('%s%%=  %%<%s '):format(bar, pane.bar_text(short(fold.model)))
    end
  end
  return bar
end

return M
