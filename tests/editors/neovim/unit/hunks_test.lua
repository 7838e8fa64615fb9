-- Hunks in their buffers: what is drawn, what the commands and keys ask for, what is said.
local t = dofile(vim.env.TESTS .. '/harness.lua')
local fake = dofile(vim.env.TESTS .. '/unit/fake.lua').new()
local review = require('coworker.review')
local root = t.workspace({ ['a.lua'] = 'local a = 1\nlocal b = 2\nreturn a\n' })
vim.cmd.edit('a.lua')
local source_win, source = vim.api.nvim_get_current_win(), vim.api.nvim_get_current_buf()
local coworker = require('coworker')
coworker.setup({ cmd = fake.cmd })
coworker.ask('go')
t.eventually('the prompt', function()
  return #fake:sent('coworker/chat') == 1
end)
vim.cmd.only()

---@param id string
---@param first integer
---@param last integer the row after it
---@param after string
---@param state? string
local function hunk(id, first, last, after, state)
  return {
    hunkId = id,
    changeSetId = 'cs',
    itemId = 'c1',
    turnId = 't1',
    uri = vim.uri_from_bufnr(source),
    state = { kind = state or 'pending' },
    range = {
      start = { line = first, character = 0 },
      ['end'] = { line = last, character = 0 },
    },
    before = '',
    after = after,
    canBeReworded = true,
  }
end

local hunks = {}
fake.answers['coworker/changes/list'] = function(params)
  t.equal({ sessionId = 's1', uri = vim.uri_from_bufnr(source) }, params)
  return { hunks = hunks }
end

--- The server tells of a change set, and says where its hunks are when it is asked.
local function stand(now)
  hunks = now
  local file = { path = root .. '/a.lua', kind = 'edit', diff = '', hunks = {} }
  local asked = #fake:sent('coworker/changes/list')
  fake:start({ id = 'cs', kind = 'changeSet', files = { file } })
  t.eventually('the hunks', function()
    return #fake:sent('coworker/changes/list') > asked
      and #require('coworker.hunks').all(source) == #now
  end)
end

local function first_rows(count)
  return table.concat(vim.list_slice(vim.split(t.drawn(), '\n'), 1, count), '\n')
end

local function resolved()
  local all = fake:sent('coworker/changes/resolve')
  return all[#all]
end

t.test('what waits is drawn in place: in place of lines, between two, and above all', function()
  stand({
    hunk('h1', 0, 0, '-- new\n'),
    hunk('h2', 1, 2, '\tlocal b = 3\n'),
    hunk('h3', 3, 3, '-- the end\n'),
  })
  t.equal(
    '  -- new\n+ local a = 1\n▎ local b = 2\n          local b = 3\n+ return a\n  -- the end',
    first_rows(6)
  )
  t.equal('local a = 1\nlocal b = 2\nreturn a', t.text(source))
end)

t.test('lines above the first one come up again where there is room for them', function()
  local function comes_up()
    t.eventually('the line above', function()
      return first_rows(3) == '  -- new\n+ local a = 1\n▎ local b = 2'
    end)
  end
  vim.cmd('3new')
  vim.api.nvim_win_set_buf(0, source)
  comes_up()
  t.type('G')
  t.equal(nil, first_rows(3):find('-- new', 1, true))
  t.type('gg')
  vim.api.nvim_exec_autocmds('CursorMoved', { buffer = source })
  comes_up()
  vim.cmd.close()
end)

t.test('line ends of DOS are not drawn, in the buffer and in the preview', function()
  local text = 'local a = 1\r\nlocal b = 2\r\nreturn a\r\n'
  vim.bo[source].fileformat = 'dos'
  stand({ hunk('h1', 1, 2, 'local b = 3\r\nlocal c = 4\r\n') })
  t.equal('▎ local b = 2\n  local b = 3\n  local c = 4\n', first_rows(5):match('▎.*4\n'))
  fake.answers['coworker/changes/get'] = function()
    local texts = { before = text, after = (text:gsub('= 2', '= 3\r\nlocal c = 4')) }
    local uri = vim.uri_from_bufnr(source)
    return {
      files = { { uri = uri, kind = 'edit', diff = '', texts = texts, hunks = hunks } },
    }
  end
  local question = {
    title = 'Change a.lua',
    subject = { kind = 'changes', itemId = 'cs' },
    why = '',
    options = { { decision = 'reject', label = 'No' } },
  }
  fake:question('q0', question)
  vim.cmd.CoworkerReview()
  local proposed = vim.api.nvim_win_get_buf(t.eventually('the preview', review.current).proposed)
  t.equal('local a = 1\nlocal b = 3\nlocal c = 4\nreturn a', t.text(proposed))
  question.answer = { decision = 'withdrawn', by = 'elsewhere' }
  fake:finish(vim.tbl_extend('force', { id = 'q0', kind = 'approval' }, question))
  t.eventually('no preview', function()
    return not review.current()
  end)
  vim.bo[source].fileformat = 'unix'
  stand({
    hunk('h1', 0, 0, '-- new\n'),
    hunk('h2', 1, 2, '\tlocal b = 3\n'),
    hunk('h3', 3, 3, '-- the end\n'),
  })
end)

t.test('accept and reject mean the hunk at the cursor, or those in the lines', function()
  vim.cmd('2CoworkerAccept')
  t.equal(
    { sessionId = 's1', changeSetId = 'cs', hunks = { { hunkId = 'h2', accept = true } } },
    resolved()
  )
  vim.api.nvim_win_set_cursor(source_win, { 2, 0 })
  vim.cmd('CoworkerReject too early')
  t.equal({ { hunkId = 'h2', accept = false, reason = 'too early' } }, resolved().hunks)
  vim.cmd('%CoworkerAccept')
  t.equal(
    { 'h1', 'h2', 'h3' },
    vim.tbl_map(function(decision)
      return decision.hunkId
    end, resolved().hunks)
  )
  t.told = {}
  vim.cmd.CoworkerKeep()
  t.equal({ 'Coworker: no hunk here is yet to be kept' }, t.told)
end)

t.test(
  'what a decision could not have is said, what is too long for the line at a pause',
  function()
    local long = ('a.lua, line 2: %s. It still waits: decide once more.'):format(('so '):rep(30))
    fake.answers['coworker/changes/resolve'] = function(params)
      local reason = params.hunks[1].accept and 'It did not fit.' or long
      local other = { hunkId = 'h3', state = { kind = 'applied' } }
      return { hunks = { other, { hunkId = 'h2', state = { kind = 'pending' }, reason = reason } } }
    end
    t.told = {}
    vim.cmd('2CoworkerAccept')
    t.eventually('why', function()
      return t.told[1] == 'Coworker: It did not fit.'
    end)
    local said_at_once
    _G.reject_now = function()
      vim.cmd('2CoworkerReject')
      t.step() -- the answer is there
      said_at_once = #t.told > 1
    end
    t.type('i<Cmd>lua reject_now()<CR>x<Esc>u')
    t.equal(false, said_at_once)
    t.eventually('why, at a pause', function()
      return t.told[2] == 'Coworker: ' .. long
    end)
    fake.answers['coworker/changes/resolve'] = nil
  end
)

t.test(
  'a hunk that becomes a conflict by itself is said, once, and not when it is history',
  function()
    local function becomes(state, reason)
      local stands = { kind = state, reason = reason }
      local file = { path = root .. '/b.lua', kind = 'edit', diff = '', hunks = {} }
      file.hunks = {
        { id = 'g1', itemId = 'c1', state = stands },
        { id = 'g2', itemId = 'c1', state = stands },
      }
      fake:start({ id = 'cs9', kind = 'changeSet', files = { file } })
    end
    t.told = {}
    becomes('conflicted', 'of old')
    becomes('pending')
    becomes('conflicted', 'it was typed over')
    becomes('conflicted', 'it was typed over')
    t.eventually('why', function()
      return #t.told > 0
    end)
    t.equal({ 'Coworker: b.lua: a hunk cannot be applied: it was typed over (and 1 more)' }, t.told)
  end
)

t.test('what is applied has a sign until it is kept', function()
  stand({ hunk('h1', 0, 1, '', 'applied'), hunk('h2', 1, 2, '', 'kept') })
  t.equal('▎ local a = 1\n  local b = 2\n  return a', first_rows(3))
  vim.api.nvim_win_set_cursor(source_win, { 1, 0 })
  vim.cmd.CoworkerKeep()
  t.equal({ { hunkId = 'h1', accept = true } }, resolved().hunks)
end)

t.test('the marks go along with what is typed, and the server is asked again', function()
  local asked = #fake:sent('coworker/changes/list')
  t.type('ggO-- typed<Esc>')
  t.equal('  -- typed\n▎ local a = 1', first_rows(2))
  hunks = { hunk('h1', 1, 2, '', 'applied') }
  t.eventually('the question', function()
    return #fake:sent('coworker/changes/list') > asked
      and #require('coworker.hunks').all(source) == 1
  end)
  t.type('gg<Plug>(coworker-next-hunk)')
  t.equal('local a = 1', vim.api.nvim_get_current_line())
end)

t.test('after a command, a save and elsewhere it is asked whether they were committed', function()
  local function asks_after(what)
    local asked = #fake:sent('coworker/changes/list')
    what()
    t.eventually('the question', function()
      return #fake:sent('coworker/changes/list') > asked
    end)
  end
  asks_after(function()
    vim.cmd('silent !true')
  end)
  asks_after(function()
    vim.api.nvim_exec_autocmds('FocusGained', {})
  end)
  asks_after(function()
    vim.cmd('silent write')
  end)
end)

t.test('undo asks for the hunk, its call, its turn or all, and says what is refused', function()
  fake.answers['coworker/changes/undo'] = function()
    local refused = { { hunkId = 'h1', reason = 'a.lua, line 1: it was typed over. It stays.' } }
    return { hunks = {}, files = {}, refused = refused }
  end
  t.told = {}
  for _, scope in ipairs({ '', 'call', 'turn', 'session' }) do
    vim.cmd('CoworkerUndo ' .. scope)
  end
  t.equal(
    {
      { kind = 'hunk', hunkId = 'h1' },
      { kind = 'call', itemId = 'c1' },
      { kind = 'turn', turnId = 't1' },
      { kind = 'session' },
    },
    vim.tbl_map(function(params)
      return params.scope
    end, fake:sent('coworker/changes/undo'))
  )
  t.eventually('all reasons', function()
    return #t.told == 4
  end)
  t.equal('Coworker: a.lua, line 1: it was typed over. It stays.', t.told[1])
  fake.answers['coworker/changes/redo'] = function()
    return { hunks = {}, files = {}, refused = {} }
  end
  vim.cmd.CoworkerRedo()
  t.eventually('that there is nothing', function()
    return t.told[5] == 'Coworker: nothing was taken back'
  end)
end)

t.test('what was taken back in all files is said', function()
  fake.answers['coworker/changes/undo'] = function()
    local refused = { { hunkId = 'h4', reason = 'It is new.' }, { hunkId = 'h5', reason = 'So.' } }
    return { hunks = { 'h1', 'h2', 'h3' }, files = { 'a', 'b' }, refused = refused }
  end
  fake.answers['coworker/changes/redo'] = function()
    return { hunks = { 'h1' }, files = { 'a' }, refused = {} }
  end
  t.told = {}
  vim.cmd('CoworkerUndo session')
  t.eventually('both messages', function()
    return #t.told == 2
  end)
  vim.cmd.CoworkerRedo()
  t.eventually('the third message', function()
    return #t.told == 3
  end)
  t.equal({
    'Coworker: 3 hunks in 2 files taken back',
    'Coworker: It is new. (and 1 more)',
    'Coworker: 1 hunk in 1 file done again',
  }, t.told)
end)

t.test("which hunks are the last ones is the server's to know", function()
  stand({})
  local function scopes(method)
    return vim.tbl_map(function(params)
      return params.scope
    end, fake:sent(method))
  end
  local undone, redone = #scopes('coworker/changes/undo'), #scopes('coworker/changes/redo')
  t.told = {}
  vim.cmd('CoworkerUndo tern')
  vim.cmd.CoworkerUndo()
  t.equal({
    'Coworker: one of hunk, call, turn, session',
    'Coworker: the agent has changed nothing here',
  }, t.told)
  vim.cmd('CoworkerUndo turn')
  t.equal(
    { { kind = 'last', of = 'turn' } },
    vim.list_slice(scopes('coworker/changes/undo'), undone + 1)
  )
  for _, scope in ipairs({ '', 'call', 'session' }) do
    vim.cmd('CoworkerRedo ' .. scope)
  end
  t.equal(
    { { kind = 'last' }, { kind = 'last', of = 'call' }, { kind = 'session' } },
    vim.list_slice(scopes('coworker/changes/redo'), redone + 1)
  )
end)

t.test('in the preview ga and gr decide about one hunk, which is not drawn twice', function()
  vim.cmd('silent undo')
  stand({ hunk('h1', 0, 0, '-- new\n'), hunk('h2', 1, 2, 'local b = 3\n') })
  fake.answers['coworker/changes/get'] = function()
    local texts = {
      before = 'local a = 1\nlocal b = 2\nreturn a\n',
      after = '-- new\nlocal a = 1\nlocal b = 3\nreturn a\n',
    }
    local file = { uri = vim.uri_from_bufnr(source), kind = 'edit', diff = '', texts = texts }
    file.hunks = hunks
    return { files = { file } }
  end
  local reply = fake:question('q1', {
    title = 'Change a.lua',
    subject = { kind = 'changes', itemId = 'cs' },
    why = '',
    options = { { decision = 'reject', label = 'No' }, { decision = 'once', label = 'Apply' } },
  })
  vim.cmd.CoworkerReview()
  t.eventually('the preview', review.current)
  t.eventually('it drawn once', function()
    return select(2, t.drawn():gsub('local b = 3', '')) == 1
  end)
  local win = review.current().proposed
  local before = #fake:sent('coworker/changes/resolve')
  vim.api.nvim_win_set_cursor(win, { 3, 0 })
  t.press('ga', function()
    return #fake:sent('coworker/changes/resolve') > before
  end)
  t.equal({ { hunkId = 'h2', accept = true } }, resolved().hunks)
  vim.api.nvim_win_set_cursor(win, { 1, 0 })
  vim.ui.input = function(_, on_done)
    -- What comes under the cursor while the reason is typed is not meant.
    vim.api.nvim_win_set_cursor(win, { 3, 0 })
    on_done('no comment')
  end
  t.type('gr')
  t.equal({ { hunkId = 'h1', accept = false, reason = 'no comment' } }, resolved().hunks)
  t.equal(false, fake.replies[reply])
  t.type('q')
  t.eventually('it drawn in the buffer', function()
    return t.drawn():find('-- new\n+ local a = 1', 1, true) ~= nil
  end)
end)

t.test('what is written for a hunk stays until it is accepted, and where it is not', function()
  stand({ hunk('h2', 1, 2, 'local b = 3\n') })
  vim.api.nvim_win_set_cursor(0, { 2, 0 })
  vim.cmd.CoworkerEdit()
  local buf = vim.api.nvim_get_current_buf()
  vim.api.nvim_buf_set_lines(buf, 0, -1, true, { 'my', 'own', 'lines' })
  local function writes(command, said)
    t.told = {}
    vim.cmd(command)
    t.equal({ true, true }, { vim.api.nvim_buf_is_valid(buf), vim.bo[buf].modified })
    t.eventually('why', function()
      return t.told[1] == 'Coworker: ' .. said
    end)
    t.step()
    t.equal({ buf, 'my\nown\nlines', true }, {
      vim.api.nvim_get_current_buf(),
      t.text(buf),
      vim.bo[buf].modified,
    })
  end
  fake.answers['coworker/changes/resolve'] = function()
    return { hunks = { { hunkId = 'h2', state = { kind = 'conflicted' }, reason = 'Too late.' } } }
  end
  writes('write', 'Too late.')
  writes('wq', 'Too late.')
  writes('write | hide', 'Too late.')
  fake.answers['coworker/changes/resolve'] = function()
    return nil, { code = 1, message = 'nobody is there' }
  end
  writes('write', 'nobody is there')
  fake.answers['coworker/changes/resolve'] = function()
    local other = { hunkId = 'h3', state = { kind = 'conflicted' }, reason = 'It fell.' }
    return { hunks = { other, { hunkId = 'h2', state = { kind = 'applied' } } } }
  end
  vim.cmd.write()
  t.type('Gotyped on<Esc>')
  t.eventually('what stays', function()
    return vim.iter(t.told):any(function(said)
      return said:find('what you typed since', 1, true) ~= nil
    end)
  end)
  t.equal('my\nown\nlines\ntyped on', t.text(buf))
  vim.cmd.write()
  t.eventually('the end', function()
    return not vim.api.nvim_buf_is_valid(buf)
  end)
  t.equal('my\nown\nlines\ntyped on', vim.trim(resolved().hunks[1].text))
  t.equal(source, vim.api.nvim_get_current_buf())
end)

t.finish()
