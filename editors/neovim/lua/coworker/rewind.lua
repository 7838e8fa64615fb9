--- Going back to an earlier prompt: in a session of its own, or by sending it again, changed.

local chat = require('coworker.chat')
local checkpoints = require('coworker.checkpoints')
local client = require('coworker.client')
local pause = require('coworker.pause')
local prompt = require('coworker.prompt')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

---@class coworker.EarlierPrompt
---@field id? string The item's; none for the end of the conversation.
---@field text string

--- The prompts of a conversation, the newest first.
---@param conversation? coworker.Conversation
---@return coworker.EarlierPrompt[]
local function prompts_of(conversation)
  local prompts = {}
  for _, item in ipairs(conversation and conversation.fold.items or {}) do
    if item.kind == 'userMessage' and not item.aside then
      table.insert(prompts, 1, { id = item.id, text = item.text })
    end
  end
  return prompts
end

---@param prompts coworker.EarlierPrompt[]
---@param title string
---@param run fun(earlier: coworker.EarlierPrompt)
local function choose(prompts, title, run)
  vim.ui.select(prompts, {
    prompt = title,
    format_item = function(earlier)
      return render.one_line(earlier.text, 100)
    end,
  }, function(earlier)
    if earlier then
      run(earlier)
    end
  end)
end

---@param root string
---@return coworker.Conversation?, coworker.EarlierPrompt[] the conversation only if it has prompts
local function prompts_here(root)
  local conversation = sessions.current(root)
  local prompts = prompts_of(conversation)
  if #prompts == 0 then
    pause.say('nothing was asked yet')
    return nil, prompts
  end
  return conversation, prompts
end

--- Begins a session with the conversation up to an earlier prompt, or all of it, and shows it.
---@param root string
function M.fork(root)
  local conversation, prompts = prompts_here(root)
  if not conversation then
    return
  end
  table.insert(prompts, 1, { text = 'After all of it' })
  choose(prompts, 'Fork before', function(earlier)
    local params = { sessionId = conversation.id, before = earlier.id }
    client.request(root, 'coworker/session/fork', params, function(result)
      sessions.attach(root, result.session.id)
      chat.open(root, false)
    end)
  end)
end

--- Lets the user change an earlier prompt, and sends it again in its place.
---@param root string
---@param files? boolean Put back the files that the session changed since, too.
function M.resend(root, files)
  local conversation, prompts = prompts_here(root)
  if not conversation then
    return
  end
  choose(prompts, 'Change and send again', function(earlier)
    prompt.change(root, earlier.text, function(text)
      local function send()
        local params =
          { sessionId = conversation.id, itemId = earlier.id, text = text, files = files or false }
        client.request(root, 'coworker/session/resend', params, function() end)
        chat.open(root, false)
      end
      if files then
        checkpoints.before_restore(conversation, earlier.id, 'Put back and send', send)
      else
        send()
      end
    end)
  end)
end

return M
