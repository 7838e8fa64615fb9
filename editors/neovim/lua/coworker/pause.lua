--- Waits for a pause of the user's typing, so that nothing opens under their fingers; and says things
--- so that nothing that is said takes a key.

local note = require('coworker.note')

local M = {}

-- A user who pressed no key for this long is taken to be looking, not typing.
local QUIET_MS = 1000
local LOOK_AGAIN_MS = 200

local last_key = 0

---@return number
local function now()
  return vim.uv.hrtime() / 1e6
end

--- Begins to note when keys are pressed.
function M.watch()
  vim.on_key(function(_, typed)
    if typed ~= '' then
      last_key = now()
    end
  end, vim.api.nvim_create_namespace('coworker.pause'))
end

--- Whether another window may take the focus without taking a keystroke.
---@return boolean
function M.is_now()
  local mode = vim.api.nvim_get_mode()
  return mode.mode == 'n'
    and not mode.blocking
    and now() - last_key >= QUIET_MS
    and vim.fn.getcmdwintype() == ''
    and vim.api.nvim_win_get_config(0).relative == ''
end

--- Runs `run` at the next pause, unless `still_wanted` says no by then.
---@param still_wanted fun(): boolean
---@param run fun()
function M.wait(still_wanted, run)
  if not still_wanted() then
    return
  end
  if M.is_now() then
    return run()
  end
  vim.defer_fn(function()
    M.wait(still_wanted, run)
  end, LOOK_AGAIN_MS)
end

-- Whether messages go to the message line. There are plugins that show them elsewhere.
---@return boolean
local function is_on_the_line()
  return debug.getinfo(vim.notify, 'S').source:find('vim/_', 1, true) ~= nil
end

--- Says something to the user. What is longer than the line would make Neovim wait for a key, so it
--- is shown in a float; or comes at a pause, where something else than Neovim shows it.
---@param message string
---@param level? integer
function M.say(message, level)
  message, level = 'Coworker: ' .. message, level or vim.log.levels.INFO
  local function say()
    vim.notify(message, level)
  end
  local fits = vim.fn.strdisplaywidth(message) <= vim.v.echospace and not message:find('\n')
  if fits then
    return say()
  elseif is_on_the_line() and note.show(message, level) then
    return
  end
  M.wait(function()
    return true
  end, say)
end

--- Calls `run` at most once in `ms`; calls in between are merged into one afterwards.
---@param ms integer
---@param run fun()
---@return fun()
function M.coalesce(ms, run)
  local waiting, last = false, -math.huge
  return function()
    if waiting then
      return
    end
    waiting = true
    vim.defer_fn(function()
      waiting, last = false, now()
      run()
    end, math.max(0, math.ceil(last + ms - now())))
  end
end

return M
