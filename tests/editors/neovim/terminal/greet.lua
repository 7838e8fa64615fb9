local M = {}

--- Says hello to everyone.
---@param names string[]
---@return string[]
function M.greet(names)
  local out = {}
  for i = 1, #names do
    local line = 'Hi, ' .. names[i] .. '!'
    table.insert(out, line)
  end
  return out
end

return M
