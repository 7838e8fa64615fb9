--- The preview of a change set: a tab page with the proposed text beside the real buffer, in diff
--- mode. The real buffer stays what it is, and stays editable.

local approvals = require('coworker.approvals')
local chat = require('coworker.chat')
local client = require('coworker.client')
local decide = require('coworker.decide')
local edit = require('coworker.edit')
local hunks = require('coworker.hunks')
local pane = require('coworker.pane')
local pause = require('coworker.pause')
local render = require('coworker.render')
local sessions = require('coworker.sessions')
local todos = require('coworker.todos')

local M = {}

local REFRESH_MS = 300

local namespace = vim.api.nvim_create_namespace('coworker.review')

-- On a screen as wide as this the conversation stays beside the preview.
local WIDE = 140

---@class coworker.Preview
---@field question coworker.OpenQuestion
---@field files coworker.ProposedFile[]
---@field at integer The file that is shown.
---@field origin integer The window the user came from.
---@field tab integer
---@field real integer The window of the real text.
---@field proposed integer The window of the proposed text.
---@field group integer
---@field help? integer The window that explains the keys.
---@field decided? coworker.PlacedHunk What was decided last by itself, until that is seen.
---@field refresh fun() Asks for the proposal again.

---@type coworker.Preview?
local preview
---@type string? the question whose preview is being fetched
local fetching

---@param question coworker.OpenQuestion
---@param on_result fun(files: coworker.ProposedFile[])
local function fetch(question, on_result)
  client.request(question.conversation.root, 'coworker/changes/get', {
    sessionId = question.conversation.id,
    changeSetId = question.approval.subject.itemId,
  }, function(result)
    on_result(result.files)
  end)
end

---@param buf integer
---@param lines string[]
local function fill(buf, lines)
  pane.write(buf, function()
    vim.api.nvim_buf_set_lines(buf, 0, -1, true, lines)
  end)
end

-- The hunks of a file that wait, if its text is shown.
---@param file coworker.ProposedFile
---@return coworker.PlacedHunk[]
local function pending_of(file)
  return file.texts and vim.tbl_filter(hunks.is_pending, file.hunks) or {}
end

-- The lines of one of a file's texts. A file is in the format of DOS if all of it is.
---@param file coworker.ProposedFile
---@param text string
---@return string[]
local function lines_of(file, text)
  local whole = file.texts.before ~= '' and file.texts.before or file.texts.after
  return hunks.lines_of(text, not ('\n' .. whole):find('[^\r]\n'))
end

-- The proposal, with the faults of its syntax behind the lines they are in.
---@param buf integer
---@param file coworker.ProposedFile
local function fill_proposed(buf, file)
  fill(buf, file.texts and lines_of(file, file.texts.after) or hunks.lines_of(file.diff))
  hunks.mark_proposed(buf, pending_of(file))
  vim.api.nvim_buf_clear_namespace(buf, namespace, 0, -1)
  local last = vim.api.nvim_buf_line_count(buf)
  for _, fault in ipairs(file.texts and file.syntaxErrors or {}) do
    vim.api.nvim_buf_set_extmark(buf, namespace, math.min(fault.line, last) - 1, 0, {
      virt_text = { { '✗ ' .. render.one_line(fault.message, 160), 'CoworkerBad' } },
    })
  end
end

---@param state coworker.Preview
---@param name string
---@param filetype string
---@return integer buf
local function scratch(state, name, filetype)
  local root = state.question.conversation.root
  local path = vim.uri_to_fname(state.files[state.at].uri)
  local title = ('coworker://%s/%s'):format(name, vim.fs.relpath(root, path) or path)
  local old = vim.fn.bufnr('^' .. vim.fn.fnameescape(title) .. '$')
  if old ~= -1 then
    vim.api.nvim_buf_delete(old, { force = true })
  end
  local buf = pane.buffer(title, root, '')
  vim.bo[buf].bufhidden = 'wipe'
  -- The highlighting of the language, without the plugins that would take it for a real file.
  vim.bo[buf].syntax = filetype
  pcall(vim.treesitter.start, buf, vim.treesitter.language.get_lang(filetype))
  return buf
end

-- Answers for the hunk under the cursor alone, but never what the user cannot have read yet.
---@param state coworker.Preview
---@param accept boolean
local function decide_hunk(state, accept)
  if not approvals.seen_by_key(state.question.id) then
    return
  end
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  state.decided = hunks.touching(vim.api.nvim_get_current_buf(), row, row)[1]
  -- Looked up before the prompt: meanwhile another hunk can come under the cursor.
  local reject = not accept and decide.rejecter()
  if accept then
    return decide.accept()
  elseif not reject then
    return decide.reject()
  end
  vim.ui.input({ prompt = 'Why not? (Enter alone gives no reason) ' }, function(reason)
    if reason then
      reject(reason ~= '' and reason or nil)
    end
  end)
end

---@param buf integer
---@param answers boolean Whether its keys answer: only where the proposal is read.
local function map_keys(buf, answers)
  local function map(key, what, run)
    pane.map(buf, key, what, function()
      if preview then
        run(preview)
      end
    end)
  end
  for decision, key in pairs(answers and render.keys or {}) do
    map(key, decision, function(state)
      approvals.answer_by_key(state.question, decision)
    end)
  end
  if answers then
    map('ga', 'accept this hunk', function(state)
      decide_hunk(state, true)
    end)
    map('ge', 'edit this hunk', decide.reword)
    map('gr', 'reject this hunk', function(state)
      decide_hunk(state, false)
    end)
  end
  map('q', 'decide later', function(state)
    if state.help and vim.api.nvim_win_is_valid(state.help) then
      return vim.api.nvim_win_close(state.help, true)
    end
    M.close()
  end)
  map(']f', 'next file', function()
    M.show_file(1)
  end)
  map('[f', 'previous file', function()
    M.show_file(-1)
  end)
  map('g?', 'all answers', function(state)
    local drawn = render.question(state.question.approval)
    vim.list_extend(drawn.lines, {
      'ga gr  Accept or reject the hunk under the cursor',
      'ge     Change its lines, and accept them so',
      ']f [f  Next and previous file',
    })
    local options = { border = 'rounded', wrap = true }
    local _, win = vim.lsp.util.open_floating_preview(drawn.lines, '', options)
    state.help = win
  end)
end

-- The keys that fit into so many columns, the most needed first. Their words are short; `g?`
-- shows the server's own, with all that would be remembered.
---@param state coworker.Preview
---@param room integer
---@return string
local function keys_bar(state, room)
  local keys = {}
  local function add(key, label)
    room = room - #key - #label - 2
    if room >= 0 then
      table.insert(keys, ('  %%#CoworkerKey#%s%%*%s'):format(key, label))
    end
  end
  local function add_answer(decision, label)
    if approvals.option(state.question, decision) then
      add(render.keys[decision], label)
    end
  end
  add_answer('once', ' Accept')
  add_answer('reject', ' Reject')
  if #state.files > 1 then
    add(']f', ' Next')
  end
  add('q', ' Later')
  add('g?', '')
  if #pending_of(state.files[state.at]) > 1 then
    add('ga', ' Accept hunk')
    add('gr', ' Reject hunk')
  end
  if #pending_of(state.files[state.at]) > 0 then
    add('ge', ' Edit hunk')
  end
  add_answer('session', ' This session')
  add_answer('always', ' Always')
  return table.concat(keys)
end

-- What becomes of a file as a whole, where its text does not show it.
---@type table<coworker.FileChangeKind, string>
local outcomes = { delete = 'Delete', move = 'Move' }

-- Whether both windows are there: between the end of one and that of the preview they are not.
---@param state coworker.Preview
---@return boolean
local function has_windows(state)
  return vim.api.nvim_win_is_valid(state.real) and vim.api.nvim_win_is_valid(state.proposed)
end

---@param state coworker.Preview
local function set_bars(state)
  local file = state.files[state.at]
  local root = state.question.conversation.root
  local path = vim.uri_to_fname(file.uri)
  local name = pane.bar_text(vim.fs.basename(path))
  if file.kind == 'move' then
    local to = vim.uri_to_fname(file.to)
    name = ('%s → %s'):format(name, pane.bar_text(vim.fs.relpath(root, to) or to))
  end
  local buf = vim.api.nvim_win_get_buf(state.real)
  local real = file.kind == 'create' and 'does not exist yet'
    or vim.bo[buf].buftype ~= '' and (vim.uv.fs_stat(path) and 'on the disk' or 'is gone')
    or vim.bo[buf].modified and 'your text, not saved'
    or 'your text'
  pane.set_options(state.real, { winbar = (' %s · %s'):format(name, real) })
  local text = file.texts and (outcomes[file.kind] or 'Proposed') or 'Your text has changed since'
  local highlight = file.texts and '' or '%#CoworkerBad#'
  if #state.files > 1 then
    text = ('%s %d/%d'):format(text, state.at, #state.files)
  end
  local room = vim.api.nvim_win_get_width(state.proposed) - #text - #'  '
  local bar = (' %s%s%%*%%=%s '):format(highlight, text, keys_bar(state, room))
  pane.set_options(state.proposed, { winbar = bar })
end

---@param state coworker.Preview
---@return integer buf, string filetype
local function real_buffer(state)
  local file = state.files[state.at]
  local path = vim.uri_to_fname(file.uri)
  local open = edit.buffer_of(path)
  if open then
    return open, vim.bo[open].filetype
  end
  -- A file that is open nowhere is shown as it is and not opened: an open file would be changed
  -- in the editor instead of on the disk.
  local filetype = vim.filetype.match({ filename = path }) or ''
  local buf = scratch(state, 'before', filetype)
  fill(buf, file.texts and lines_of(file, file.texts.before) or {})
  map_keys(buf, false)
  return buf, filetype
end

-- Diff mode has one colour for what only this side has; here the left side is what would go.
local diff_colours = table.concat({
  'DiffAdd:CoworkerSIDE',
  'DiffChange:CoworkerSIDE',
  'DiffText:CoworkerSIDEText',
  'DiffTextAdd:CoworkerSIDEText',
  'DiffDelete:CoworkerFiller',
}, ',')

---@param state coworker.Preview
local function show(state)
  local file = state.files[state.at]
  for _, win in ipairs({ state.real, state.proposed }) do
    vim.api.nvim_win_call(win, vim.cmd.diffoff)
  end
  local real, filetype = real_buffer(state)
  vim.api.nvim_win_set_buf(state.real, real)
  hunks.set_previewed(vim.bo[real].buftype == '' and real or nil)
  local proposed = scratch(state, 'proposed', file.texts and filetype or 'diff')
  fill_proposed(proposed, file)
  map_keys(proposed, true)
  vim.api.nvim_win_set_buf(state.proposed, proposed)
  if file.texts then
    for _, win in ipairs({ state.real, state.proposed }) do
      vim.api.nvim_win_call(win, vim.cmd.diffthis)
    end
    for win, side in pairs({ [state.real] = 'Removed', [state.proposed] = 'Added' }) do
      pane.set_options(win, {
        fillchars = vim.o.fillchars .. (vim.o.fillchars == '' and '' or ',') .. 'diff:╱',
        foldcolumn = '0',
        winhighlight = (diff_colours:gsub('SIDE', side)),
      })
    end
    -- A file that only moves has no difference, and would be one closed fold.
    local folds = file.texts.before ~= file.texts.after
    for _, win in ipairs({ state.real, state.proposed }) do
      pane.set_options(win, { foldenable = folds })
    end
    vim.api.nvim_win_call(state.proposed, function()
      vim.cmd('silent! normal! gg]c')
    end)
  end
  set_bars(state)
end

---@param state coworker.Preview
---@param hunk coworker.PlacedHunk
---@return boolean
local function waits(state, hunk)
  return vim.iter(state.files):any(function(file)
    return vim.iter(pending_of(file)):any(function(pending)
      return pending.hunkId == hunk.hunkId
    end)
  end)
end

-- Puts the cursor on the next hunk that waits, in this file or in another, where the one at the
-- cursor is decided: what is typed next is not meant for that.
---@param state coworker.Preview
local function go_on(state)
  if not state.decided or waits(state, state.decided) then
    return
  end
  state.decided = nil
  local row = vim.api.nvim_win_get_cursor(state.proposed)[1] - 1
  local buf = vim.api.nvim_win_get_buf(state.proposed)
  local is_elsewhere = vim.api.nvim_get_current_win() ~= state.proposed
  if is_elsewhere or #hunks.touching(buf, row, row) > 0 then
    return
  end
  local left = hunks.all(buf)
  if #left == 0 then
    for at, file in ipairs(state.files) do
      if #pending_of(file) > 0 then
        state.at = at
        return show(state)
      end
    end
    return
  end
  local next_one = vim.iter(left):find(function(standing)
    return standing.first >= row
  end) or left[1]
  local line = math.min(next_one.first + 1, vim.api.nvim_buf_line_count(buf))
  vim.api.nvim_win_set_cursor(state.proposed, { line, 0 })
end

-- The user goes on typing in the real buffer, or decides about single hunks: the proposal is asked
-- for again, for the server knows whether it still fits.
---@param state coworker.Preview
local function follow(state)
  state.refresh = pause.coalesce(REFRESH_MS, function()
    if preview ~= state or not approvals.waits(state.question) then
      return
    end
    fetch(state.question, function(files)
      if preview ~= state or not has_windows(state) then
        return
      end
      state.files = files
      state.at = math.min(state.at, #files)
      fill_proposed(vim.api.nvim_win_get_buf(state.proposed), files[state.at])
      set_bars(state)
      go_on(state)
    end)
  end)
  vim.api.nvim_create_autocmd({ 'TextChanged', 'TextChangedI' }, {
    group = state.group,
    callback = function(event)
      if vim.fn.bufwinid(event.buf) == state.real then
        state.refresh()
      end
    end,
  })
end

-- The file to begin with: the one that the user looks at, or else the first, in which a hunk waits.
---@param files coworker.ProposedFile[]
---@return integer
local function first_to_show(files)
  local here = vim.uri_from_bufnr(0)
  local first
  for at, file in ipairs(files) do
    if vim.iter(file.hunks):any(hunks.is_pending) then
      first = first or at
      if file.uri == here then
        return at
      end
    end
  end
  return first or 1
end

---@param root string
---@param has_todos boolean
local function open_panes(root, has_todos)
  local win = chat.open(root, false)
  vim.api.nvim_win_set_width(win, math.floor(vim.o.columns * 0.32))
  if has_todos then
    todos.open(root)
  end
  vim.cmd.wincmd('=')
  chat.show_end(root)
end

---@param question coworker.OpenQuestion
---@param files coworker.ProposedFile[]
local function open_tab(question, files)
  local origin, at = vim.api.nvim_get_current_win(), first_to_show(files)
  local root = question.conversation.root
  local has_chat, has_todos = chat.window(root) ~= nil, todos.window(root) ~= nil
  vim.cmd('tab split')
  local real = vim.api.nvim_get_current_win()
  local proposed = vim.api.nvim_open_win(vim.api.nvim_create_buf(false, true), true, {
    split = 'right',
    win = real,
  })
  local state = {
    question = question,
    files = files,
    at = at,
    origin = origin,
    tab = vim.api.nvim_get_current_tabpage(),
    real = real,
    proposed = proposed,
    group = vim.api.nvim_create_augroup('coworker.review', { clear = true }),
  }
  preview = state
  if has_chat and vim.o.columns >= WIDE then
    open_panes(root, has_todos)
  end
  show(state)
  follow(state)
  vim.api.nvim_create_autocmd('WinResized', {
    group = state.group,
    callback = function()
      if has_windows(state) then
        set_bars(state)
      end
    end,
  })
  vim.api.nvim_create_autocmd('WinClosed', {
    group = state.group,
    callback = function(event)
      local win = tonumber(event.match)
      if win == state.real or win == state.proposed then
        vim.schedule(function()
          if preview == state then
            M.close()
          end
        end)
      end
    end,
  })
  approvals.shown(question.id, true)
end

--- Shows what a question about changes proposes.
---@param question coworker.OpenQuestion
function M.open(question)
  if
    preview
    and preview.question.id == question.id
    and vim.api.nvim_tabpage_is_valid(preview.tab)
  then
    vim.api.nvim_set_current_win(preview.proposed)
    return
  end
  if fetching == question.id then
    return
  end
  fetching = question.id
  fetch(question, function(files)
    fetching = nil
    if approvals.waits(question) and #files > 0 then
      M.close()
      open_tab(question, files)
    end
  end)
end

--- Shows another file of the preview.
---@param step integer
function M.show_file(step)
  local state = preview
  if state and #state.files > 1 then
    state.at = (state.at - 1 + step) % #state.files + 1
    show(state)
  end
end

---@param state coworker.Preview
local function close_tab(state)
  if not vim.api.nvim_tabpage_is_valid(state.tab) then
    return
  end
  local here = vim.api.nvim_get_current_tabpage() == state.tab
  for _, win in ipairs({ state.proposed, state.real }) do
    if vim.api.nvim_win_is_valid(win) then
      -- A buffer takes the options of its last window along to the next one.
      vim.api.nvim_win_call(win, function()
        vim.cmd('diffoff | setlocal winbar< winhighlight< fillchars<')
      end)
    end
  end
  local is_closed = #vim.api.nvim_list_tabpages() > 1
    -- A window with something that is not written yet, as a hunk in other words, stays.
    and pcall(vim.cmd.tabclose, vim.api.nvim_tabpage_get_number(state.tab))
  if is_closed and here and vim.api.nvim_win_is_valid(state.origin) then
    vim.api.nvim_set_current_win(state.origin)
  end
end

--- Closes the preview. The question stays open.
function M.close()
  local state = preview
  preview = nil
  if state then
    hunks.set_previewed(nil)
    vim.api.nvim_del_augroup_by_id(state.group)
    close_tab(state)
  end
end

--- The preview that is open: its tab page, windows and file.
---@return coworker.Preview?
function M.current()
  return preview
end

-- Answered here or elsewhere. Where the user is typing in the preview, it closes when they pause.
sessions.subscribe(function(_, _, event)
  local state = preview
  if not state then
    return
  end
  if approvals.waits(state.question) then
    local item = event.kind == 'update' and event.update.item
    if item and item.id == state.question.approval.subject.itemId then
      state.refresh()
    end
    return
  end
  local typing = vim.api.nvim_get_current_tabpage() == state.tab
    and vim.api.nvim_get_current_win() ~= state.proposed
  if not typing then
    return M.close()
  end
  pause.wait(function()
    return preview == state
  end, M.close)
end)

return M
