--- The fold: what the updates of a session add up to, by the same rules as the server's own.
--- It knows no window and no wire.

---@class coworker.Fold
---@field items coworker.Item[] In the order they began.
---@field open table<string, true> The ids of the items that may still change.
---@field status coworker.Status Whether a turn runs.
---@field mode string
---@field model string
---@field usage coworker.Usage
---@field before coworker.Usage What it had used when the last turn began.
---@field title string what the fast model calls it, '' for nothing
---@field queue coworker.QueuedPrompt[] The prompts that wait.
---@field private index table<string, integer> Where each item stands in `items`.
---@field private tails table<string, coworker.Tail> Streamed text that is not yet in its item.
local Fold = {}
Fold.__index = Fold

---@class coworker.Tail
---@field length integer Bytes of the whole text.
---@field parts string[] The pieces after what the item holds.

local M = {}

--- A session before its first update.
---@return coworker.Fold
function M.new()
  return setmetatable({
    items = {},
    open = {},
    status = { state = 'idle' },
    mode = 'ask',
    model = '',
    usage = { inputTokens = 0, outputTokens = 0, cachedTokens = 0 },
    before = { inputTokens = 0, outputTokens = 0, cachedTokens = 0 },
    title = '',
    queue = {},
    index = {},
    tails = {},
  }, Fold)
end

--- The text of an item that can be streamed; nil for the others.
---@param item coworker.Item
---@return string?
local function text_of(item)
  if item.kind == 'agentMessage' or item.kind == 'reasoning' then
    return item.text or ''
  elseif item.kind == 'toolCall' then
    return item.output and item.output.text or ''
  end
end

--- Takes one update in. What does not fit (text for an unknown item) is left out.
---@param update coworker.Update
function Fold:apply(update)
  local kind = update.kind
  if kind == 'delta' then
    self:extend(update.itemId, update.offset, update.text)
  elseif kind == 'itemStarted' or kind == 'itemChanged' then
    self.open[update.item.id] = true
    self:put(update.item)
  elseif kind == 'itemEnded' then
    self.open[update.item.id] = nil
    self:put(update.item)
  elseif kind == 'status' then
    self.status = update
    if update.state == 'running' then
      self.before = self.usage
    end
  elseif kind == 'usage' then
    self.usage = update
  elseif kind == 'config' then
    self.mode, self.model = update.mode, update.model
  elseif kind == 'title' then
    self.title = update.title
  elseif kind == 'queue' then
    self.queue = update.prompts
  elseif kind == 'setAside' then
    for _, item in ipairs(self:stretch(update.stretch)) do
      item.aside = update.aside or nil
    end
  end
end

---@private
---@param item coworker.Item
function Fold:put(item)
  self.tails[item.id] = nil
  local at = self.index[item.id]
  if not at then
    at = #self.items + 1
    self.index[item.id] = at
  end
  self.items[at] = item
end

---@private
---@param id string
---@param offset integer
---@param more string
function Fold:extend(id, offset, more)
  local item = self.items[self.index[id] or 0]
  local text = item and text_of(item)
  if not text then
    return
  end
  local tail = self.tails[id]
  local length = tail and tail.length or #text
  -- What was seen before, in replay and then live, is taken once; text after a gap is left out.
  local seen = math.max(length - offset, 0)
  local first = more:byte(seen + 1)
  local splits_character = first and first >= 0x80 and first < 0xC0
  if offset > length or not first or splits_character then
    return
  end
  if not tail then
    tail = { length = length, parts = {} }
    self.tails[id] = tail
  end
  tail.parts[#tail.parts + 1] = seen == 0 and more or more:sub(seen + 1)
  tail.length = length + #more - seen
end

--- The item of this id, with all of its text.
---@param id string
---@return coworker.Item?
function Fold:item(id)
  local item = self.items[self.index[id] or 0]
  local tail = self.tails[id]
  if not (item and tail) then
    return item
  end
  local text = text_of(item) .. table.concat(tail.parts)
  if item.kind == 'toolCall' then
    item.output = item.output or {}
    item.output.text = text
  else
    item.text = text
  end
  self.tails[id] = nil
  return item
end

--- The items of a stretch, in order; none if it names one that there is not.
---@param stretch coworker.Stretch
---@return coworker.Item[]
function Fold:stretch(stretch)
  local first, last = self.index[stretch.first], self.index[stretch.last]
  return first and last and vim.list_slice(self.items, first, last) or {}
end

--- The todo list as it is now.
---@return coworker.Todo[]
function Fold:todos()
  for at = #self.items, 1, -1 do
    if self.items[at].kind == 'todos' and not self.items[at].aside then
      return self.items[at].todos
    end
  end
  return {}
end

--- Whether a turn runs.
---@return boolean
function Fold:is_running()
  return self.status.state == 'running'
end

return M
