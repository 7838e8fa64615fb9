-- The life of a server and of its sessions: errors, death, restart, several sessions.
local t = dofile(vim.env.TESTS .. '/harness.lua')
local fake = dofile(vim.env.TESTS .. '/unit/fake.lua').new()
local sessions = require('coworker.sessions')
local root = t.workspace({ ['a.txt'] = 'a\n', ['b.txt'] = 'b\n' })
vim.cmd.edit('a.txt')
local coworker = require('coworker')

local function told(part)
  t.eventually(part, function()
    return vim.iter(t.told):any(function(message)
      return message:find(part, 1, true) ~= nil
    end)
  end)
  t.told = {}
end

local function message(id, text)
  return { id = id, kind = 'agentMessage', text = text }
end

local function attach(session, epoch, from_start, updates)
  fake.answers['coworker/session/attach'] = function()
    for _, update in ipairs(updates) do
      fake:tell(update, session)
    end
    return {
      session = { id = session, title = session },
      epoch = epoch,
      seq = fake.seq,
      fromStart = from_start,
    }
  end
end

t.test('a server that is not installed is said once, with the way out', function()
  coworker.setup({ cmd = { 'no-such-coworker' } })
  told('`no-such-coworker` is not an executable; see :checkhealth coworker')
  vim.cmd('checkhealth coworker')
  t.equal(true, t.has(0, 'put it on the PATH'))
  vim.cmd.bwipeout()
end)

t.test('a setting that does not exist is refused', function()
  local ok, problem = pcall(coworker.setup, { modle = 'x' })
  t.equal(false, ok)
  t.equal(true, problem:find('no setting `modle`', 1, true) ~= nil)
end)

t.test('an error of the server is said in its own words', function()
  coworker.setup({ cmd = fake.cmd })
  fake.answers['coworker/session/new'] = function()
    return nil,
      { code = -32000, message = 'The database is locked.', data = { code = 'storeLocked' } }
  end
  coworker.ask('go')
  told('The database is locked.')
  fake.answers['coworker/session/new'] = nil
  t.equal(nil, sessions.current(root))
end)

t.test('two prompts at once begin one session', function()
  coworker.ask('one')
  coworker.ask('two')
  t.eventually('both prompts', function()
    return #fake:sent('coworker/chat') == 2
  end)
  t.equal(2, #fake:sent('coworker/session/new')) -- the refused one and this
  t.equal(
    { 's1', 's1' },
    { fake:sent('coworker/chat')[1].sessionId, fake:sent('coworker/chat')[2].sessionId }
  )
end)

t.test('stop asks the server to stop', function()
  coworker.stop()
  told('nothing is running')
  fake:tell({ kind = 'status', state = 'running', turnId = 't1' })
  vim.cmd.CoworkerStop()
  t.equal({ sessionId = 's1' }, fake:sent('coworker/chat/cancel')[1])
end)

t.test('updates that were left out are fetched', function()
  fake:finish(message('m1', 'first'))
  attach('s1', 'e1', false, { { kind = 'itemEnded', item = message('m2', 'second') } })
  fake:tell({ kind = 'resync', fromSeq = 2 })
  t.eventually('what was left out', function()
    return t.has(t.chat(root), 'second')
  end)
  t.equal({ sessionId = 's1', epoch = 'e1', afterSeq = 2 }, fake:sent('coworker/session/attach')[1])
  t.equal(true, t.has(t.chat(root), 'first\n\nsecond'))
end)

t.test('an update that was seen already changes nothing', function()
  fake.seq = 0
  fake:tell({ kind = 'itemChanged', item = message('m2', 'half of it') })
  fake.seq = 100
  fake:finish(message('m3', 'third'))
  t.eventually('the next update', function()
    return t.has(t.chat(root), 'third')
  end)
  t.equal(true, t.has(t.chat(root), 'second\n\nthird'))
end)

t.test(
  'a server that dies is reported, with the way on, and not started by opening files',
  function()
    fake.die(0, 9)
    told('The server stopped (signal 9). :CoworkerRestart goes on.')
    t.eventually('it in the chat', function()
      return t.has(t.chat(root), 'The server stopped (signal 9)')
    end)
    vim.cmd.edit('b.txt')
    t.step()
    t.equal(1, fake.starts)
    t.equal('Coworker server stopped · ask', coworker.status())
  end
)

t.test('after a restart the same conversation is there, from its beginning', function()
  fake.seq = 0
  attach('s1', 'e2', true, {
    { kind = 'itemEnded', item = message('m1', 'first') },
    { kind = 'itemEnded', item = message('m2', 'second') },
    { kind = 'status', state = 'idle', stopReason = 'interrupted' },
  })
  vim.cmd.CoworkerRestart()
  t.eventually('the conversation', function()
    return t.text(t.chat(root)) == 'first\n\nsecond\n'
  end)
  t.equal({ 2, 's1', 'e1' }, {
    fake.starts,
    fake:sent('coworker/session/attach')[2].sessionId,
    fake:sent('coworker/session/attach')[2].epoch,
  })
  local text = t.text(t.chat(root))
  t.equal(true, vim.startswith(text, 'first\n\nsecond\n'))
  local _, times = text:gsub('second', '')
  t.equal(1, times)
  fake:finish(message('m3', 'live again'))
  t.eventually('live text', function()
    return t.has(t.chat(root), 'live again')
  end)
end)

t.test('the new server sees all open files', function()
  local names = {}
  for _, params in ipairs(fake:sent('textDocument/didOpen')) do
    names[vim.fs.basename(params.textDocument.uri)] = (
      names[vim.fs.basename(params.textDocument.uri)] or 0
    ) + 1
  end
  t.equal({ ['a.txt'] = 2, ['b.txt'] = 1 }, names)
end)

t.test('a restart of a server that runs waits for its end', function()
  vim.cmd.CoworkerRestart()
  t.eventually('the third start', function()
    return fake.starts == 3 and #fake:sent('coworker/session/attach') == 3
  end)
  t.equal({ 1, 1 }, { #fake:sent('shutdown'), #fake:sent('exit') })
  t.equal({}, t.told)
end)

t.test('another session is chosen from the list and shown alone', function()
  fake.answers['coworker/session/list'] = function()
    return { sessions = { { id = 's2', title = 'Older work', updatedAt = 0 } } }
  end
  fake.seq = 0
  attach('s2', 'e2', true, { { kind = 'itemEnded', item = message('x1', 'from before') } })
  t.will_choose('Older work')
  vim.cmd.CoworkerSessions()
  t.eventually('the other conversation', function()
    return t.has(t.chat(root), 'from before')
  end)
  t.equal(false, t.has(t.chat(root), 'first'))
  fake.seq = 10
  fake:finish(message('m4', 'behind the scenes'))
  fake:tell({ kind = 'itemEnded', item = message('x2', 'in front') }, 's2')
  t.eventually('its updates', function()
    return t.has(t.chat(root), 'in front')
  end)
  t.equal(false, t.has(t.chat(root), 'behind the scenes'))
  t.equal('behind the scenes', sessions.current(root).id == 's2' and 'behind the scenes')
end)

t.test('a question that waits dies with its server', function()
  local approval =
    { title = 'Run', why = '', options = {}, subject = { kind = 'toolCall', effects = {} } }
  fake:ask('coworker/approval/request', { sessionId = 's2', approvalId = 'q', approval = approval })
  t.eventually('the question', function()
    return require('coworker.approvals').next(root)
  end)
  fake.die(1, 0)
  told('exit code 1')
  t.equal(nil, require('coworker.approvals').next(root))
  t.equal(false, fake.replies[1])
end)

-- What the new server was asked about sessions, in order.
local function asked()
  local methods = {}
  for _, sent in ipairs(fake.asked) do
    if vim.startswith(sent.method, 'coworker/session/') or sent.method == 'coworker/chat' then
      table.insert(methods, sent.method)
    end
  end
  return methods
end

t.test('a prompt after the death of a server goes on with the session, and is seen', function()
  fake.asked, fake.seq = {}, 0
  attach('s2', 'e3', true, { { kind = 'itemEnded', item = message('x1', 'from before') } })
  coworker.ask('on')
  coworker.ask('and on')
  t.eventually('both prompts', function()
    return #fake:sent('coworker/chat') == 2
  end)
  t.equal({ 'coworker/session/attach', 'coworker/chat', 'coworker/chat' }, asked())
  t.equal('s2', fake:sent('coworker/chat')[2].sessionId)
  fake:tell({ kind = 'itemEnded', item = message('x3', 'seen') }, 's2')
  t.eventually('the answer', function()
    return t.has(t.chat(root), 'from before\n\nseen')
  end)
  t.equal(false, t.has(t.chat(root), 'The server stopped'))
end)

t.test('whatever starts a server again, the session is attached first', function()
  fake.answers['coworker/checkpoint/list'] = function()
    return { checkpoints = {} }
  end
  for _, start in ipairs({ 'Coworker', 'CoworkerCheckpoints', 'CoworkerMode plan' }) do
    fake.die(0, 9)
    told('The server stopped')
    vim.cmd.only()
    fake.asked = {}
    vim.cmd(start)
    t.eventually('a session after ' .. start, function()
      return asked()[1]
    end)
    t.equal('coworker/session/attach', asked()[1])
  end
end)

t.test('a prompt that finds its session gone is said, and not sent', function()
  fake.die(0, 9)
  told('The server stopped')
  fake.asked = {}
  fake.answers['coworker/session/attach'] = function()
    return nil, { code = -32000, message = 'There is no such session.' }
  end
  coworker.ask('on')
  told('There is no such session.')
  t.step()
  t.equal({ 'coworker/session/attach' }, asked())
end)

t.test('prompts mean what was under the cursor when they were typed', function()
  fake.die(0, 9)
  told('The server stopped')
  fake.asked, fake.seq = {}, 0
  attach('s2', 'e4', true, {})
  vim.cmd.only()
  vim.cmd.edit('c.txt')
  vim.api.nvim_buf_set_lines(0, 0, -1, true, { 'one', 'zwölf' })
  t.type('G$')
  coworker.ask('here')
  coworker.ask('these', { lines = { 1, 2 } })
  local uri = vim.uri_from_bufnr(0)
  vim.cmd('bwipeout!')
  t.eventually('both prompts', function()
    return #fake:sent('coworker/chat') == 2
  end)
  local range = { start = { line = 0, character = 0 }, ['end'] = { line = 1, character = 5 } }
  t.equal({
    { { uri = uri, cursor = { line = 1, character = 4 } } },
    { { uri = uri, range = range } },
  }, { fake:sent('coworker/chat')[1].context, fake:sent('coworker/chat')[2].context })
end)

t.finish()
