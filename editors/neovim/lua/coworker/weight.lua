--- What the next request to the model would be made of, as a float.

local client = require('coworker.client')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

local BAR = 20

---@param report coworker.ContextReport
---@return string[]
function M.lines(report)
  local most = 1
  for _, part in ipairs(report.parts) do
    most = math.max(most, part.tokens)
  end
  local lines = { ('About %d tokens.'):format(report.tokens), '' }
  for _, part in ipairs(report.parts) do
    local filled = math.floor(BAR * part.tokens / most + 0.5)
    local bar = ('█'):rep(filled) .. ('·'):rep(BAR - filled)
    local name = render.one_line(part.name ~= '' and part.name or part.kind, 60)
    table.insert(lines, ('%s %6d  %s %s'):format(bar, part.tokens, part.kind, name))
  end
  return lines
end

--- Opens the float.
---@param root string
function M.open(root)
  sessions.ensure(root, function(conversation)
    client.request(root, 'coworker/context/get', { sessionId = conversation.id }, function(report)
      vim.lsp.util.open_floating_preview(M.lines(report), '', {
        border = 'rounded',
        title = ' Next request ',
        focus_id = 'coworker.weight',
        max_height = math.floor(vim.o.lines * 0.6),
        wrap = false,
      })
    end)
  end)
end

return M
