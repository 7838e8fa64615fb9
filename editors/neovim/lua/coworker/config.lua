--- The settings: few, checked once, read by everyone.

local M = {}

--- How the server is started: a command line, or what `vim.lsp.start` takes.
---@alias coworker.Command string[]|fun(dispatchers: table): table

---@class (exact) coworker.Config
---@field cmd coworker.Command
---@field model? string The model of new sessions, as `provider/name`; without it the server chooses.
---@field mode? string The mode of new sessions; without it the server chooses.

---@type coworker.Config
local defaults = { cmd = { 'coworker', 'lsp' } }

---@type coworker.Config
local current = defaults

--- Takes the user's settings on.
---@param settings? table
function M.set(settings)
  settings = settings or {}
  local known = { cmd = { 'table', 'function' }, model = 'string', mode = 'string' }
  for name in pairs(settings) do
    if not known[name] then
      error(('coworker.setup: there is no setting `%s`; see :help coworker-setup'):format(name), 0)
    end
  end
  for name, kind in pairs(known) do
    vim.validate('coworker.setup: ' .. name, settings[name], kind, true)
  end
  current = vim.tbl_extend('force', defaults, settings)
end

--- The settings now.
---@return coworker.Config
function M.get()
  return current
end

return M
