-- Questions: how they come up, and that nothing but the user's own word answers them.
local t = dofile(vim.env.TESTS .. '/harness.lua')
local fake = dofile(vim.env.TESTS .. '/unit/fake.lua').new()
local review = require('coworker.review')
local root = t.workspace({
  ['a.lua'] = 'local a = 1\nlocal b = 2\nreturn a + b\n',
  ['closed.lua'] = 'return 1\n',
})
vim.cmd.edit('a.lua')
local source_win, source = vim.api.nvim_get_current_win(), vim.api.nvim_get_current_buf()
local coworker = require('coworker')
coworker.setup({ cmd = fake.cmd })
coworker.ask('go')
t.eventually('the prompt', function()
  return #fake:sent('coworker/chat') == 1
end)

local yes_no = {
  { decision = 'reject', label = 'Reject' },
  { decision = 'once', label = 'Apply' },
}

local function changes()
  return {
    title = 'Change a.lua',
    subject = { kind = 'changes', itemId = 'cs' },
    why = 'Every edit is asked for',
    options = yes_no,
  }
end

local function command(text)
  return {
    title = 'Run `' .. text .. '`',
    subject = {
      kind = 'toolCall',
      itemId = 'c1',
      effects = { { kind = 'run', command = text, folder = root } },
    },
    why = 'Commands are asked for',
    options = {
      { decision = 'reject', label = 'Reject' },
      { decision = 'once', label = 'Run once' },
      {
        decision = 'session',
        label = 'Run it again in this session',
        rules = { { allow = { kind = 'run', command = text, folder = root } } },
      },
      {
        decision = 'always',
        label = 'Run it in every folder',
        rules = { { allow = { kind = 'run', command = text, folder = '/' } } },
      },
    },
  }
end

local function proposed(name, before, after)
  return {
    uri = vim.uri_from_fname(root .. '/' .. name),
    kind = 'edit',
    texts = before and { before = before, after = after },
    diff = '--- a\n+++ b\n',
    hunks = {},
  }
end

local after = 'local a = 1\nreturn a + 2\n'
local files = { proposed('a.lua', 'local a = 1\nlocal b = 2\nreturn a + b\n', after) }
fake.answers['coworker/changes/get'] = function()
  return { files = files }
end

local function preview()
  return review.current()
end

local function await_preview()
  return t.eventually('the preview', preview)
end

local function float()
  return require('coworker.question').buffer()
end

local function answered(number)
  return t.eventually('an answer', function()
    return fake.replies[number]
  end)
end

--- The server ends the approval, as it does after an answer.
local function close(id, approval, answer)
  fake:finish(vim.tbl_extend('force', { id = id, kind = 'approval', answer = answer }, approval))
end

t.test('a change comes up as a diff beside the real buffer, which stays editable', function()
  vim.api.nvim_buf_set_lines(source, 0, 1, false, { 'local a = 10 -- not saved' })
  local reply = fake:question('q1', changes())
  local state = await_preview()
  t.equal(2, #vim.api.nvim_list_tabpages())
  t.equal(source, vim.api.nvim_win_get_buf(state.real))
  t.equal('local a = 1\nreturn a + 2', t.text(vim.api.nvim_win_get_buf(state.proposed)))
  t.equal({ true, true }, { vim.wo[state.real].diff, vim.wo[state.proposed].diff })
  local bar = vim.api.nvim_eval_statusline(vim.wo[state.proposed].winbar, {
    winid = state.proposed,
    maxwidth = vim.api.nvim_win_get_width(state.proposed),
  }).str
  t.equal('Proposed a Accept  r Reject  q Later', (vim.trim(bar):gsub('Proposed +', 'Proposed ')))
  t.equal({ true, false }, {
    vim.bo[source].modifiable,
    vim.bo[vim.api.nvim_win_get_buf(state.proposed)].modifiable,
  })
  t.equal(false, fake.replies[reply])
end)

t.test('q closes it and decides nothing', function()
  t.type('q')
  t.equal(nil, preview())
  t.equal(1, #vim.api.nvim_list_tabpages())
  t.equal({ source_win, false }, { vim.api.nvim_get_current_win(), vim.wo[source_win].diff })
  vim.cmd.tabnew()
  vim.cmd.buffer(source)
  t.equal({ '', '', false }, { vim.wo.winbar, vim.wo.winhighlight, vim.wo.diff })
  vim.cmd.tabclose()
  t.equal(false, fake.replies[1])
  t.equal('local a = 10 -- not saved', vim.api.nvim_buf_get_lines(source, 0, 1, false)[1])
end)

t.test('where the keys are explained, q closes that first', function()
  coworker.review()
  t.eventually('the preview', preview)
  local windows = #vim.api.nvim_list_wins()
  t.type('g?')
  t.equal(windows + 1, #vim.api.nvim_list_wins())
  t.type('q')
  t.equal({ windows, true }, { #vim.api.nvim_list_wins(), preview() ~= nil })
  t.type('q')
  t.equal(nil, preview())
end)

t.test('closing one of its windows closes it, and what is drawn meanwhile does no harm', function()
  for _, how in ipairs({ 'quit', 'normal! ZZ' }) do
    coworker.review()
    t.eventually('the preview', preview)
    vim.cmd(how)
    vim.api.nvim_exec_autocmds('WinResized', { group = 'coworker.review' })
    t.eventually('no preview', function()
      return preview() == nil
    end)
    t.equal({ 1, source_win }, {
      #vim.api.nvim_list_tabpages(),
      vim.api.nvim_get_current_win(),
    })
  end
  t.equal(false, fake.replies[1])
end)

t.test('the question waits in the chat pane, where `a` shows it again first', function()
  t.eventually('the question', function()
    return t.has(t.chat(root), '? Change a.lua') and t.has(t.chat(root), '  r Reject\n  a Apply')
  end)
  vim.api.nvim_set_current_win(require('coworker.chat').window(root))
  t.type('a')
  await_preview()
  t.equal(false, fake.replies[1])
end)

t.test('a key that was on its way when the preview came up answers nothing', function()
  local reply = fake:question('q0', changes())
  require('coworker.approvals').subscribe(function() end)
  review.close()
  close('q1', changes(), { decision = 'withdrawn', by = '' })
  t.eventually('the first question ended', function()
    return fake.replies[1] == vim.NIL
  end)
  coworker.review()
  await_preview()
  t.equal('q0', preview().question.id)
  close('q0', changes(), { decision = 'withdrawn', by = '' })
  t.eventually('withdrawn', function()
    return fake.replies[reply] == vim.NIL
  end)
end)

t.test('an answer from elsewhere closes the preview; ours is then none', function()
  t.eventually('no preview', function()
    return preview() == nil
  end)
  t.equal(1, #vim.api.nvim_list_tabpages())
  t.eventually('the answer in the chat', function()
    return t.has(t.chat(root), '⊘ Withdrawn: Change a.lua')
  end)
end)

t.test('a key pressed too soon answers nothing, the next one approves', function()
  vim.api.nvim_set_current_win(source_win)
  local reply = fake:question('q2', changes())
  await_preview()
  t.type('a')
  t.equal(false, fake.replies[reply])
  t.press('a', function()
    return fake.replies[reply] ~= false
  end)
  t.equal({ decision = 'once', by = 'Neovim' }, fake.replies[reply])
  close('q2', changes(), { decision = 'once', by = 'Neovim' })
  t.eventually('no preview', function()
    return preview() == nil
  end)
  t.equal(source_win, vim.api.nvim_get_current_win())
end)

t.test('reject with a reason; Escape at the prompt leaves it open', function()
  local reply = fake:question('q3', changes())
  await_preview()
  t.will_type(nil)
  t.eventually('time to read it', function()
    return require('coworker.approvals').was_seen('q3')
  end)
  t.type('r')
  t.equal(false, fake.replies[reply])
  t.will_type('keep b')
  t.type('r')
  t.equal({ decision = 'reject', reason = 'keep b', by = 'Neovim' }, fake.replies[reply])
  close('q3', changes(), { decision = 'reject', reason = 'keep b', by = 'Neovim' })
  t.eventually('no question in the chat', function()
    return not t.has(t.chat(root), '? Change a.lua')
  end)
end)

t.test('several files, one not open: it is shown and not opened', function()
  files = { files[1], proposed('closed.lua', 'return 1\n', 'return 2\n') }
  local opened = #fake:sent('textDocument/didOpen')
  fake:question('q4', changes())
  await_preview()
  t.type(']f')
  t.equal('return 1', t.text(vim.api.nvim_win_get_buf(preview().real)))
  t.equal('return 2', t.text(vim.api.nvim_win_get_buf(preview().proposed)))
  t.equal(true, vim.wo[preview().proposed].winbar:find('Proposed 2/2', 1, true) ~= nil)
  t.type('[f')
  t.equal(source, vim.api.nvim_win_get_buf(preview().real))
  t.equal(opened, #fake:sent('textDocument/didOpen'))
  t.equal(-1, vim.fn.bufnr('closed.lua'))
end)

t.test('typing in the real buffer asks again whether the proposal fits', function()
  files = { proposed('a.lua'), files[2] }
  vim.api.nvim_set_current_win(preview().real)
  t.type('Goreturn nil<Esc>')
  vim.api.nvim_exec_autocmds('TextChanged', { buffer = source })
  t.eventually('the warning', function()
    return vim.wo[preview().proposed].winbar:find('Your text has changed since', 1, true)
  end)
  t.told = {}
  vim.cmd('CoworkerReject it has changed')
  t.equal({ 'Coworker: no hunk waits here' }, t.told)
  t.equal(false, fake.replies[#fake.replies])
  vim.cmd('CoworkerReject! it has changed')
  t.equal('it has changed', fake.replies[#fake.replies].reason)
  close('q4', changes(), { decision = 'reject', by = 'Neovim' })
  t.eventually('no preview', function()
    return preview() == nil
  end)
end)

t.test('it begins with the file that is looked at, or the first, in which a hunk waits', function()
  local function with(name, state)
    local file = proposed(name, 'x\n', 'y\n')
    local range = { start = { line = 0, character = 0 }, ['end'] = { line = 1, character = 0 } }
    file.hunks =
      { { hunkId = name, state = { kind = state }, range = range, before = '', after = '' } }
    return file
  end
  local function begins_with()
    vim.cmd.CoworkerReview()
    local state = t.eventually('the preview', preview)
    local name = vim.fs.basename(vim.uri_to_fname(state.files[state.at].uri))
    t.type('q')
    return name
  end
  vim.api.nvim_set_current_win(source_win)
  files = { with('closed.lua', 'applied'), with('b.lua', 'pending'), with('a.lua', 'pending') }
  fake:question('q3b', changes())
  t.equal('a.lua', begins_with())
  files[3] = with('a.lua', 'rejected')
  t.equal('b.lua', begins_with())
  files[2] = with('b.lua', 'applied')
  t.equal('closed.lua', begins_with())
  close('q3b', changes(), { decision = 'withdrawn', by = 'elsewhere' })
end)

t.test('what becomes of a file is said where its text does not show it', function()
  local deleted = proposed('closed.lua', 'return 1\n', '')
  deleted.kind = 'delete'
  local moved = proposed('old.lua', 'return 1\n', 'return 1\n')
  moved.kind, moved.to = 'move', vim.uri_from_fname(root .. '/sub/moved.lua')
  local broken = proposed('a.lua', 'local a = 1\n', 'local a = \n')
  broken.syntaxErrors = { { line = 1, column = 11, message = 'a value is missing' } }
  files = { deleted, moved, broken }
  local asked = changes()
  local from, to = root .. '/old.lua', root .. '/sub/moved.lua'
  local rules = { { allow = { kind = 'move', from = from, to = to } } }
  asked.options = { yes_no[1], { decision = 'session', label = 'Always', rules = rules } }
  fake:question('q2m', asked)
  local state = await_preview()
  t.equal(true, vim.startswith(vim.wo[state.proposed].winbar, ' Delete 1/3'))
  t.type(']f')
  t.equal(true, vim.startswith(vim.wo[state.proposed].winbar, ' Move 2/3'))
  t.equal(' old.lua → sub/moved.lua · is gone', vim.wo[state.real].winbar)
  t.write(root .. '/old.lua', 'return 1\n')
  t.type('[f]f')
  t.equal(' old.lua → sub/moved.lua · on the disk', vim.wo[state.real].winbar)
  t.type(']f')
  local marks = vim.api.nvim_buf_get_extmarks(
    vim.api.nvim_win_get_buf(state.proposed),
    vim.api.nvim_get_namespaces()['coworker.review'],
    0,
    -1,
    { details = true }
  )
  t.equal({ 1, '✗ a value is missing' }, { #marks, marks[1][4].virt_text[1][1] })
  local whole = table.concat(require('coworker.render').question(asked).lines, '\n')
  t.equal(true, whole:find(('remembers: move %s to %s'):format(from, to), 1, true) ~= nil)
  close('q2m', asked, { decision = 'withdrawn', by = 'elsewhere' })
end)

t.test('a preview waits for a pause of the typing', function()
  files = { proposed('a.lua', 'x', 'y') }
  vim.api.nvim_set_current_win(source_win)
  local pause = require('coworker.pause')
  local is_now, hrtime, looked = pause.is_now, vim.uv.hrtime, 0
  pause.is_now = function()
    looked = looked + 1
    return is_now()
  end
  local reply
  _G.ask_now = function()
    -- The last key is long ago, but the mode says that they are typing.
    vim.uv.hrtime = function()
      return hrtime() + 5e9
    end
    reply = fake:question('q5', changes())
    t.eventually('two looks', function()
      return looked == 2
    end)
    vim.uv.hrtime, pause.is_now = hrtime, is_now
  end
  t.type('Ofirst<Cmd>lua ask_now()<CR> second<Esc>')
  t.equal('first second', vim.api.nvim_get_current_line())
  t.equal({ false, 1 }, { fake.replies[reply], #vim.api.nvim_list_tabpages() })
  await_preview()
  coworker.approve()
  close('q5', changes(), { decision = 'once', by = 'Neovim' })
  t.eventually('no preview', function()
    return preview() == nil
  end)
end)

t.test('a command is shown whole, with nothing hidden in it, and without the focus', function()
  vim.api.nvim_set_current_win(source_win)
  local long = ('x'):rep(300)
  local reply = fake:question(
    'q6',
    command('printf \27[2K; echo ' .. long .. '\nrm a\226\128\174b\226\160\128 ä😀')
  )
  t.eventually('the float', float)
  local shown = t.text(float())
  t.equal(true, shown:find('printf \\x1b[2K; echo ' .. long, 1, true) ~= nil)
  t.equal(true, shown:find('\nrm a\\u{202e}b\\u{2800} ä😀', 1, true) ~= nil)
  t.equal(true, shown:find('Run in ' .. root, 1, true) ~= nil)
  t.equal(true, shown:find('Commands are asked for', 1, true) ~= nil)
  -- What would be remembered is said where it is more than what is asked about.
  local _, wider = shown:gsub('remembers: run `printf [^\n]+` in /\n', '')
  local _, rules = shown:gsub('remembers:', '')
  t.equal({ 1, 1 }, { wider, rules })
  t.equal(source_win, vim.api.nvim_get_current_win())
  t.equal({ 'once', 'session', 'always' }, vim.fn.getcompletion('CoworkerApprove ', 'cmdline'))
  vim.cmd('CoworkerApprove sometimes')
  t.equal(false, fake.replies[reply])
  vim.cmd('CoworkerApprove session')
  t.equal({ decision = 'session', by = 'Neovim' }, answered(reply))
  close('q6', command(long), { decision = 'session', by = 'Neovim' })
  t.eventually('no float', function()
    return not float()
  end)
end)

t.test('the keys of the float answer', function()
  local reply = fake:question('q7', command('make'))
  t.eventually('the float', float)
  coworker.review()
  t.equal(float(), vim.api.nvim_get_current_buf())
  t.type('q')
  t.equal({ nil, false }, { float(), fake.replies[reply] })
  coworker.review()
  t.press('a', function()
    return fake.replies[reply] ~= false
  end)
  t.equal('once', fake.replies[reply].decision)
  close('q7', command('make'), { decision = 'once', by = 'Neovim' })
end)

t.test('a plan is shown with its steps', function()
  fake:start({
    id = 'p1',
    kind = 'plan',
    summary = 'Shorten it',
    steps = { 'Read', 'Edit' },
    status = 'proposed',
  })
  local plan = {
    title = 'Begin with this plan',
    subject = { kind = 'plan', itemId = 'p1' },
    why = 'Plan mode is read-only',
    options = yes_no,
  }
  local reply = fake:question('q8', plan)
  t.eventually('the float', float)
  t.equal(true, t.has(float(), 'Shorten it\n1. Read\n2. Edit'))
  t.eventually('the plan in the chat', function()
    return t.has(t.chat(root), 'Plan\nShorten it\n1. Read\n2. Edit')
  end)
  coworker.approve('once')
  t.equal('once', fake.replies[reply].decision)
  close('q8', plan, { decision = 'once', by = 'Neovim' })
end)

t.test('a question nobody asked here, as after a restart, is answered late', function()
  fake:start(vim.tbl_extend('force', { id = 'q9', kind = 'approval' }, command('ls')))
  t.eventually('the question', function()
    return t.has(t.chat(root), '? Run `ls`')
  end)
  vim.cmd('CoworkerReject not now')
  t.equal({
    sessionId = 's1',
    approvalId = 'q9',
    answer = { decision = 'reject', reason = 'not now', by = 'Neovim' },
  }, fake:sent('coworker/approval/respond')[1])
  t.told = {}
  coworker.approve()
  t.equal({ 'Coworker: nothing waits for an answer' }, t.told)
end)

t.finish()
