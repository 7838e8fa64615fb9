--- The todo pane: the list as it is now, above the chat pane.

local chat = require('coworker.chat')
local pane = require('coworker.pane')
local pause = require('coworker.pause')
local render = require('coworker.render')
local sessions = require('coworker.sessions')

local M = {}

local REDRAW_MS = 50
local MAX_HEIGHT = 12
local namespace = vim.api.nvim_create_namespace('coworker.todos')

---@class coworker.TodoPane
---@field buf integer
---@field redraw fun()
---@field dismissed? boolean The user closed it, so it does not open by itself.

---@type table<string, coworker.TodoPane>
local panes = {}

---@param root string
---@return coworker.Todo[]
local function todos_of(root)
  local conversation = sessions.current(root)
  return conversation and conversation.fold:todos() or {}
end

---@param root string
local function draw(root)
  local buf = panes[root].buf
  if not vim.api.nvim_buf_is_valid(buf) then
    return
  end
  local drawn = render.todos(todos_of(root))
  if #drawn.lines == 0 then
    drawn = { lines = { 'Nothing to do yet' }, marks = { { 0, 0, 17, 'CoworkerDim' } } }
  end
  pane.write(buf, function()
    vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
    vim.api.nvim_buf_set_lines(buf, 0, -1, true, drawn.lines)
    pane.highlight(buf, namespace, 0, drawn.marks)
  end)
  for _, win in ipairs(vim.fn.win_findbuf(buf)) do
    vim.api.nvim_win_set_height(win, math.min(#drawn.lines + 1, MAX_HEIGHT))
  end
end

---@param root string
---@return coworker.TodoPane
local function pane_of(root)
  local known = panes[root]
  if known and vim.api.nvim_buf_is_valid(known.buf) then
    return known
  end
  local new = {
    buf = pane.buffer('coworker://todos' .. root, root, 'coworker-todos'),
    redraw = pause.coalesce(REDRAW_MS, function()
      draw(root)
    end),
  }
  panes[root] = new
  pane.map(new.buf, 'q', 'close', function()
    M.close(root)
  end)
  return new
end

--- The todo pane's window in this tab page.
---@param root string
---@return integer?
function M.window(root)
  local todos = panes[root]
  return todos and vim.api.nvim_buf_is_valid(todos.buf) and pane.window(todos.buf) or nil
end

--- Opens the todo pane: above the chat pane where that is open, else at the bottom right.
---@param root string
function M.open(root)
  local todos = pane_of(root)
  if pane.window(todos.buf) then
    return
  end
  local above = chat.window(root)
  local win = vim.api.nvim_open_win(todos.buf, false, {
    split = above and 'above' or 'below',
    win = above or 0,
    height = 4,
  })
  pane.set_options(win, pane.window_options)
  pane.set_options(win, { winbar = ' Todos', winfixheight = true })
  todos.dismissed = false
  draw(root)
end

--- Closes the todo pane in this tab page.
---@param root string
function M.close(root)
  local win = M.window(root)
  if win and #vim.api.nvim_tabpage_list_wins(0) > 1 then
    panes[root].dismissed = true
    vim.api.nvim_win_close(win, false)
  end
end

--- Opens the todo pane, or closes it.
---@param root string
function M.toggle(root)
  if M.window(root) then
    M.close(root)
  else
    M.open(root)
  end
end

--- The buffer of the todo pane, once there is one.
---@param root string
---@return integer?
function M.buffer(root)
  return panes[root] and panes[root].buf
end

sessions.subscribe(function(root, _, event)
  local is_list = event.kind == 'update' and event.update.item and event.update.item.kind == 'todos'
  if not (is_list or event.kind == 'reset') then
    return
  end
  local known = panes[root]
  if is_list and chat.window(root) and not (known and known.dismissed) then
    M.open(root)
  end
  if panes[root] then
    panes[root].redraw()
  end
end)

return M
