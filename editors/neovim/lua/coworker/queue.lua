--- The prompts that wait behind the running turn: changed, taken away, or put to that turn.

local client = require('coworker.client')
local pause = require('coworker.pause')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

---@class coworker.QueueAction
---@field label string
---@field run fun(send: fun(change: coworker.QueueChange), prompt: coworker.QueuedPrompt)

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
    run = function(send, prompt)
      vim.ui.input({ prompt = 'Ask Coworker: ', default = prompt.message.text }, function(text)
        if text and vim.trim(text) ~= '' then
          send({ op = 'edit', text = text })
        end
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
---@param prompt coworker.QueuedPrompt
local function change(conversation, prompt)
  vim.ui.select(actions, {
    prompt = render.one_line(prompt.message.text, 60),
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
        turnId = prompt.turnId,
        change = what,
      }, function() end)
    end, prompt)
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
    format_item = function(prompt)
      return render.one_line(prompt.message.text, 100)
    end,
  }, function(prompt)
    if prompt then
      change(conversation --[[@as coworker.Conversation]], prompt)
    end
  end)
end

return M
