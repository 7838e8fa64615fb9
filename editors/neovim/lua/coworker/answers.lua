--- The agent's own questions, answered one after the other: by choices, by words, or by both.
--- Whoever turns away from one of them has answered none.

local M = {}

---@class coworker.AnswerItem
---@field label string
---@field description? string
---@field is 'choice'|'words'|'done'

---@param question coworker.Question
---@param chosen string[]
---@return coworker.AnswerItem[]
local function items_of(question, chosen)
  ---@type coworker.AnswerItem[]
  local items = {}
  for _, choice in ipairs(question.choices or {}) do
    if not vim.list_contains(chosen, choice.label) then
      local description = choice.description ~= '' and choice.description or nil
      table.insert(items, { label = choice.label, description = description, is = 'choice' })
    end
  end
  table.insert(items, { label = 'In your own words…', is = 'words' })
  if #chosen > 0 then
    local all = table.concat(chosen, ', ')
    table.insert(items, 1, { label = 'That is all', description = all, is = 'done' })
  end
  return items
end

---@param question coworker.Question
---@param on_answer fun(answer: coworker.QuestionAnswer?)
local function ask(question, on_answer)
  ---@type string[]
  local chosen = {}
  local function words()
    vim.ui.input({ prompt = question.text .. ' ' }, function(text)
      if not text then
        return on_answer(nil)
      end
      on_answer({ chosen = chosen, text = text ~= '' and text or nil })
    end)
  end
  if #(question.choices or {}) == 0 then
    return words()
  end
  local function choose()
    vim.ui.select(items_of(question, chosen), {
      prompt = question.text,
      format_item = function(item)
        return item.description and ('%s: %s'):format(item.label, item.description) or item.label
      end,
    }, function(item)
      if not item then
        return on_answer(nil)
      elseif item.is == 'words' then
        return words()
      elseif item.is == 'choice' then
        table.insert(chosen, item.label)
        if question.multiple and #chosen < #question.choices then
          return choose()
        end
      end
      on_answer({ chosen = chosen })
    end)
  end
  choose()
end

--- Asks all questions in their order.
---@param questions coworker.Question[]
---@param on_done fun(answers: coworker.QuestionAnswer[]) Not called if the user turned away.
function M.ask(questions, on_done)
  local answers = {}
  local function next_one()
    local question = questions[#answers + 1]
    if not question then
      return on_done(answers)
    end
    ask(question, function(answer)
      if answer then
        table.insert(answers, answer)
        next_one()
      end
    end)
  end
  next_one()
end

return M
