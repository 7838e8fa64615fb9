--- The hunks that wait for a decision in all files, as a quickfix list.

local client = require('coworker.client')
local hunks = require('coworker.hunks')
local pause = require('coworker.pause')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

local say = pause.say

--- Whether a hunk of the session waits, whether or not a question about it is open.
---@param root string
---@return boolean
function M.is_there(root)
  local conversation = sessions.current(root)
  for _, item in ipairs(conversation and conversation.fold.items or {}) do
    local is_own = item.kind == 'changeSet' and not item.sessionId
    for _, file in ipairs(is_own and item.files or {}) do
      if vim.iter(file.hunks):any(hunks.is_pending) then
        return true
      end
    end
  end
  return false
end

---@param text string
---@return string[]
local function lines_of(text)
  return vim.split(text, '\n', { plain = true, trimempty = true })
end

---@param hunk coworker.PlacedHunk
---@return vim.quickfix.entry
local function entry(hunk)
  local path = vim.uri_to_fname(hunk.uri)
  if not hunk.range then
    local why = vim.uv.fs_stat(path) and 'it has no lines' or 'the file is not there'
    return { filename = path, lnum = 1, text = ('%s, %s'):format(hunk.state.kind, why) }
  end
  local before, after = lines_of(hunk.before), lines_of(hunk.after)
  local first = vim.trim(after[1] or before[1] or '')
  return {
    filename = path,
    lnum = hunk.range.start.line + 1,
    text = ('%s −%d +%d  %s'):format(
      hunk.state.kind,
      #before,
      #after,
      render.one_line(first, 80)
    ),
  }
end

--- Lists the hunks that wait, in all files.
---@param root string
---@param all boolean Those, too, that are applied and not kept.
---@param nothing string What is said where there is none.
function M.list(root, all, nothing)
  local conversation = sessions.current(root)
  local ended = client.ended(root)
  if not conversation or ended then
    return say(ended or nothing)
  end
  local params = { sessionId = conversation.id }
  client.request(root, 'coworker/changes/list', params, function(result)
    local entries = {}
    for _, hunk in ipairs(result.hunks) do
      if hunks.is_pending(hunk) or all and hunk.state.kind == 'applied' then
        table.insert(entries, entry(hunk))
      end
    end
    if #entries == 0 then
      return say(nothing)
    end
    vim.fn.setqflist({}, ' ', { title = 'Coworker: hunks', items = entries })
    vim.cmd('botright copen')
  end)
end

return M
