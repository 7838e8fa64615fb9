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
local function short_name(model)
  return (model:gsub('/[^:]*/', '…/'))
end

---@param tokens integer
---@return string
local function short(tokens)
  return tokens < 1000 and tostring(tokens) or ('%.0fk'):format(tokens / 1000)
end

---@param cost integer In billionths of a dollar.
---@return string
local function dollars(cost)
  return ('$%%.%df'):format(cost > 0 and cost < 1e7 and 4 or 2):format(cost / 1e9)
end

-- What the last turn and the session used: ` · 3k of 12k tokens · $0.02 of $0.30`; the session
-- alone in its first turn, and nothing before the first answer. The sum is 0 where no price is
-- known.
---@param usage coworker.Usage
---@param before coworker.Usage
---@return string
local function used(usage, before)
  local tokens = usage.inputTokens + usage.outputTokens
  local earlier = before.inputTokens + before.outputTokens
  if tokens == 0 then
    return ''
  end
  local function of_turn(now, past, show)
    return earlier == 0 and show(now) or ('%s of %s'):format(show(now - past), show(now))
  end
  local cost = usage.cost or 0
  local sum = cost == 0 and '' or ' · ' .. of_turn(cost, before.cost or 0, dollars)
  return (' · %s tokens%s'):format(of_turn(tokens, earlier, short), sum)
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
  table.insert(parts, conversation.fold.model ~= '' and short_name(conversation.fold.model) or nil)
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
    bar = bar .. pane.bar_text(used(fold.usage, fold.before))
    if fold.model ~= '' then
      bar = ('%s%%=  %%<%s '):format(bar, pane.bar_text(short_name(fold.model)))
    end
  end
  return bar
end

return M
