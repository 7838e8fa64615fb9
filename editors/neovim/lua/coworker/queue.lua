--- The prompts that wait behind the running turn: changed, taken away, or put to that turn.

local client = require('coworker.client')
local pause = require('coworker.pause')
local prompt = require('coworker.prompt')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

---@class coworker.QueueAction
---@field label string
---@field run fun(send: fun(change: coworker.QueueChange), queued: coworker.QueuedPrompt, root: string)

---@type coworker.QueueAction[]
local actions = {
  {
    label = 'Tell the running turn now',
    run = function(send)
      send({ op = 'steer' })
    end,
  },
  {
    label = 'Edit',
    run = function(send, queued, root)
      prompt.change(root, queued.message.text, function(text)
        send({ op = 'edit', text = text })
      end)
    end,
  },
  {
    label = 'Take away',
    run = function(send)
      send({ op = 'remove' })
    end,
  },
}

---@param conversation coworker.Conversation
---@param queued coworker.QueuedPrompt
local function change(conversation, queued)
  vim.ui.select(actions, {
    prompt = render.one_line(queued.message.text, 60),
    format_item = function(action)
      return action.label
    end,
  }, function(action)
    if not action then
      return
    end
    action.run(function(what)
      client.request(conversation.root, 'coworker/chat/queue', {
        sessionId = conversation.id,
        turnId = queued.turnId,
        change = what,
      }, function() end)
    end, queued, conversation.root)
  end)
end

--- Lets the user choose a prompt that waits, and what becomes of it.
---@param root string
function M.open(root)
  local conversation = sessions.current(root)
  local prompts = conversation and conversation.fold.queue or {}
  if #prompts == 0 then
    return pause.say('no prompt waits')
  elseif #prompts == 1 then
    return change(conversation --[[@as coworker.Conversation]], prompts[1])
  end
  vim.ui.select(prompts, {
    prompt = 'Prompts that wait',
    format_item = function(queued)
      return render.one_line(queued.message.text, 100)
    end,
  }, function(queued)
    if queued then
      change(conversation --[[@as coworker.Conversation]], queued)
    end
  end)
end

return M
