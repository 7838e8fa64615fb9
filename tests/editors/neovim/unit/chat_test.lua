-- The chat and todo panes: what a user sees of a conversation.
local t = dofile(vim.env.TESTS .. '/harness.lua')
local fake = dofile(vim.env.TESTS .. '/unit/fake.lua').new()
local coworker = require('coworker')
local root = t.workspace({ ['greet.lua'] = 'local a = 1\nlocal bö𝄞 = 2\nreturn a\n' })

vim.cmd.edit('greet.lua')
local source = vim.api.nvim_get_current_win()
coworker.setup({ cmd = fake.cmd, model = 'script:x.md', mode = 'ask' })

local function chat_has(part)
  t.eventually(part, function()
    return t.has(t.chat(root), part)
  end)
end

t.test('the server is told what this client draws, and sees the open file', function()
  t.eventually('didOpen', function()
    return #fake:sent('textDocument/didOpen') == 1
  end)
  t.equal({
    version = 1,
    ui = { chat = true, approvals = true, prompt = true, questions = true, hunks = true },
    host = { save = true, diagnostics = true },
    model = 'script:x.md',
    mode = 'ask',
  }, fake:sent('initialize')[1].initializationOptions.coworker)
  t.equal('greet.lua', vim.fs.basename(fake:sent('textDocument/didOpen')[1].textDocument.uri))
  t.equal(0, #fake:sent('coworker/session/new'))
end)

t.test('asking about lines begins a session and leaves the cursor where it is', function()
  vim.cmd('1,2CoworkerAsk make this shorter')
  local sent = t.eventually('the prompt', function()
    return fake:sent('coworker/chat')[1]
  end)
  t.equal('make this shorter', sent.text)
  t.equal({
    {
      uri = vim.uri_from_fname(root .. '/greet.lua'),
      range = {
        start = { line = 0, character = 0 },
        ['end'] = { line = 1, character = 14 },
      },
    },
  }, sent.context)
  t.equal(source, vim.api.nvim_get_current_win())
  t.equal(true, t.chat(root) ~= nil)
end)

t.test('asking about characters counts them as the server does', function()
  t.type('gg0jfbvll<Esc>')
  vim.cmd("'<,'>CoworkerAsk why")
  local sent = t.eventually('the prompt', function()
    return fake:sent('coworker/chat')[2]
  end)
  t.equal(
    { start = { line = 1, character = 6 }, ['end'] = { line = 1, character = 10 } },
    sent.context[1].range
  )
end)

t.test('lines that are in no file are not asked about in silence', function()
  local before = #fake:sent('coworker/chat')
  vim.cmd.new()
  t.type('inobody sees this<Esc>')
  vim.cmd('1CoworkerAsk shorter')
  t.eventually('why', function()
    return vim.startswith(t.told[#t.told] or '', 'Coworker: the agent does not see these')
  end)
  t.equal(before, #fake:sent('coworker/chat'))
  vim.cmd.bdelete({ bang = true })
  vim.api.nvim_set_current_win(source)
end)

fake.answers['coworker/config/options'] = function()
  local model = { value = 'script:x.md', description = 'A script, not a model' }
  return { options = { { id = 'model', current = 'script:x.md', choices = { model } } } }
end

t.test('the prompt, the streamed answer and the tool calls are shown in order', function()
  fake:tell({ kind = 'status', state = 'running', turnId = 't1' })
  fake:tell({ kind = 'config', mode = 'ask', model = 'script:x.md' })
  fake:finish({
    id = 'u1',
    kind = 'userMessage',
    text = 'make this shorter',
    context = {
      { kind = 'selection', path = root .. '/greet.lua', firstLine = 1, lastLine = 2, text = '' },
    },
  })
  fake:start({ id = 'r1', kind = 'reasoning', text = '' })
  fake:delta('r1', 0, 'Let me think.\n')
  fake:finish({ id = 'r1', kind = 'reasoning', text = 'Let me think.\nTwice.' })
  fake:start({ id = 'm1', kind = 'agentMessage', text = '' })
  fake:delta('m1', 0, 'I will lo')
  chat_has('I will lo')
  fake:delta('m1', 9, 'ok.\nThen edit.\n\n')
  chat_has('Then edit.')
  fake:finish({ id = 'm1', kind = 'agentMessage', text = 'I will look.\nThen edit.\n\n' })
  fake:start({
    id = 'c1',
    kind = 'toolCall',
    title = 'Read greet.lua',
    status = 'running',
    name = 'read',
    input = {},
  })
  fake:finish({
    id = 'c1',
    kind = 'toolCall',
    title = 'Read greet.lua',
    status = 'completed',
    name = 'read',
    input = { path = 'greet.lua' },
    output = { text = 'local a = 1' },
  })
  fake:finish({
    id = 'c2',
    kind = 'toolCall',
    title = 'Edit greet.lua',
    status = 'failed',
    name = 'edit',
    input = {},
    output = { text = 'not there\nmore' },
  })
  fake:finish({ id = 'n1', kind = 'notice', level = 'warning', text = 'Two editors' })
  fake:tell({ kind = 'queue', prompts = { { turnId = 't2', message = { text = 'and then?' } } } })
  chat_has('and then?')
  t.equal({
    'A script, not a model',
    '',
    '› make this shorter',
    '  greet.lua:1-2',
    '',
    '✻ Thinking',
    'Let me think.',
    'Twice.',
    '',
    'I will look.',
    'Then edit.',
    '',
    '✓ Read greet.lua',
    '✗ Edit greet.lua: not there',
    '! Two editors',
    '',
    'Working…',
    '⋯ and then?',
  }, vim.api.nvim_buf_get_lines(t.chat(root), 0, -1, false))
  t.equal('markdown', vim.bo[t.chat(root)].filetype)
end)

t.test('the bar says what runs, and how', function()
  local win = require('coworker.chat').window(root)
  fake:tell({ kind = 'usage', inputTokens = 11000, outputTokens = 1000, cost = 300000000 })
  local bar
  t.eventually('what was used', function()
    bar = vim.api.nvim_eval_statusline(vim.wo[win].winbar, { winid = win, maxwidth = 200 }).str
    return bar:find(' 12k tokens · $0.30', 1, true) ~= nil
  end)
  fake:tell({ kind = 'status', state = 'running', turnId = 't2' })
  fake:tell({ kind = 'usage', inputTokens = 15000, outputTokens = 1000, cost = 320000000 })
  t.eventually('what this turn used of it', function()
    bar = vim.api.nvim_eval_statusline(vim.wo[win].winbar, { winid = win, maxwidth = 200 }).str
    return bar:find('4k of 16k tokens · $0.02 of $0.32', 1, true) ~= nil
  end)
  t.equal(
    true,
    bar:find('running') ~= nil
      and bar:find('ask') ~= nil
      and bar:find('script:x.md', 1, true) ~= nil
  )
  t.equal('Coworker running · ask · script:x.md', coworker.status())
end)

t.test('reasoning is folded when it has ended', function()
  local win = require('coworker.chat').window(root)
  vim.api.nvim_win_call(win, function()
    t.equal({ 6, 8 }, { vim.fn.foldclosed(7), vim.fn.foldclosedend(7) })
    t.equal('✻ Thought, 2 lines', vim.fn.foldtextresult(6))
  end)
end)

t.test('streamed text is appended: nothing above it is touched', function()
  fake:tell({ kind = 'queue', prompts = {} })
  fake:start({ id = 'm2', kind = 'agentMessage', text = '' })
  local redraws, replaced = 0, 0
  vim.api.nvim_buf_attach(t.chat(root), false, {
    on_lines = function(_, _, _, first, last)
      redraws, replaced = redraws + 1, replaced + last - first
    end,
  })
  local length = 0
  for i = 1, 400 do
    local piece = ('line %d\n'):format(i)
    fake:delta('m2', length, piece)
    length = length + #piece
    if i % 40 == 0 then
      chat_has('line ' .. i)
    end
  end
  -- Ten redraws, each of which replaces the last line and the few lines of the status.
  t.equal(true, redraws <= 40)
  t.equal(true, replaced <= 60)
end)

t.test('a window at the end follows the text, one that is not stays', function()
  local win = require('coworker.chat').window(root)
  local last = vim.api.nvim_buf_line_count(t.chat(root))
  t.equal(last, vim.api.nvim_win_get_cursor(win)[1])
  vim.api.nvim_win_set_cursor(win, { 3, 0 })
  fake:finish({ id = 'm3', kind = 'agentMessage', text = 'something new' })
  chat_has('something new')
  t.equal(3, vim.api.nvim_win_get_cursor(win)[1])
  t.equal(source, vim.api.nvim_get_current_win())
end)

t.test('todos move in their pane', function()
  local function todos(id, first, second)
    fake:finish({
      id = id,
      kind = 'todos',
      todos = {
        { content = 'Read the file', activeForm = 'Reading the file', status = first },
        { content = 'Shorten it', activeForm = 'Shortening it', status = second },
      },
    })
  end
  todos('d1', 'in_progress', 'pending')
  t.eventually('the first todos', function()
    return t.text(t.todos(root)) == '◐ Reading the file\n○ Shorten it'
  end)
  todos('d2', 'completed', 'in_progress')
  t.eventually('the todos moved', function()
    return t.text(t.todos(root)) == '✓ Read the file\n◐ Shortening it'
  end)
  chat_has('≡ 1 of 2 done, Shortening it')
  vim.cmd.CoworkerTodos()
  t.equal(-1, vim.fn.bufwinid(t.todos(root)))
  todos('d3', 'completed', 'completed')
  chat_has('≡ 2 of 2 done')
  t.equal(-1, vim.fn.bufwinid(t.todos(root)))
  vim.cmd.CoworkerTodos()
  t.equal('✓ Read the file\n✓ Shorten it', t.text(t.todos(root)))
end)

t.test('a turn that failed says why, once', function()
  fake:finish({ id = 'u2', kind = 'userMessage', text = 'again' })
  local failed = {
    kind = 'status',
    state = 'idle',
    stopReason = 'error',
    error = { code = 'modelOverloaded', message = 'The provider is busy.' },
  }
  fake:tell(failed)
  chat_has('✗ The provider is busy.')
  fake:finish({ id = 'n0', kind = 'notice', level = 'error', text = 'The provider is busy.' })
  fake:finish({ id = 'n9', kind = 'notice', level = 'warning', text = 'Not sent: and then?' })
  chat_has('! Not sent: and then?')
  local _, times = t.text(t.chat(root)):gsub('The provider is busy', '')
  t.equal(1, times)
  fake:tell({ kind = 'status', state = 'idle', turnId = 't1', stopReason = 'completed' })
end)

t.test('what a change set or a list tells is not told by its tool call as well', function()
  local function call(id, name, title, status)
    fake:finish({
      id = id,
      kind = 'toolCall',
      title = title,
      name = name,
      input = {},
      status = status,
    })
  end
  call('c7', 'edit', 'Edit other.lua', 'running')
  chat_has('Edit other.lua')
  call('c8', 'todoWrite', 'Todos: 1 of 2', 'completed')
  call('c9', 'todoWrite', 'Todos without a list', 'failed')
  fake:finish({
    id = 'cs1',
    kind = 'changeSet',
    files = {
      {
        path = root .. '/other.lua',
        kind = 'edit',
        diff = '--- a/other.lua\n+++ b/other.lua\n@@ -1 +1 @@\n-return 1\n+return 2\n',
        hunks = { { id = 'h1', itemId = 'c7', replacements = {}, state = { kind = 'applied' } } },
      },
    },
  })
  chat_has('✓ other.lua +1 −1, applied')
  local function stands(state, reason, comment)
    local hunk = { itemId = 'c7', replacements = {}, comment = comment }
    return vim.tbl_extend('error', hunk, { id = state, state = { kind = state, reason = reason } })
  end
  local hunks = {
    stands('applied'),
    stands('conflicted', 'it was typed over'),
    stands('rejected', nil, 'no, thanks'),
  }
  local file = { path = root .. '/mixed.lua', kind = 'edit', diff = '', hunks = hunks }
  fake:finish({ id = 'cs2', kind = 'changeSet', files = { file } })
  chat_has(
    '✗ mixed.lua +0 −0, 1 applied, 1 rejected (no, thanks), 1 conflicted (it was typed over)'
  )
  chat_has('✗ Todos without a list')
  t.equal(false, t.has(t.chat(root), 'Edit other.lua') or t.has(t.chat(root), 'Todos: 1 of 2'))
  vim.api.nvim_set_current_win(require('coworker.chat').window(root))
  vim.fn.search('other.lua +1', 'w')
  t.type('K')
  t.equal(true, t.screen():find('\n-return 1\n+return 2', 1, true) ~= nil)
  vim.api.nvim_set_current_win(source)
end)

t.test('a question leaves one line at most, and the gaps are right', function()
  local function ask(id, call, title)
    local subject = { kind = 'toolCall', itemId = call, effects = {} }
    local approval =
      { id = id, kind = 'approval', title = title, subject = subject, why = '', options = {} }
    fake:start({
      id = call,
      kind = 'toolCall',
      title = title,
      name = 'bash',
      input = {},
      status = 'pending',
    })
    fake:start(approval)
    chat_has('? ' .. title)
    return function(answer, status)
      fake:finish(vim.tbl_extend('force', approval, { answer = answer }))
      fake:finish({
        id = call,
        kind = 'toolCall',
        title = title,
        name = 'bash',
        input = {},
        status = status,
      })
    end
  end
  fake:finish({ id = 'm5', kind = 'agentMessage', text = 'Two commands.' })
  ask('a1', 'b1', 'Run one')({ decision = 'once', by = 'me' }, 'completed')
  ask('a2', 'b2', 'Run two')({ decision = 'reject', reason = 'not that', by = 'me' }, 'rejected')
  fake:finish({ id = 'm6', kind = 'agentMessage', text = 'One of two ran.' })
  chat_has('Two commands.\n\n✓ Run one\n⊘ Rejected: Run two (not that)\n\nOne of two ran.')
  local answer = ask('a3', 'b3', 'Run three')
  answer({ decision = 'reject', by = 'me' }, 'rejected')
  chat_has('One of two ran.\n\n⊘ Rejected: Run three\n')
end)

t.test('an empty message takes no room', function()
  local before = vim.api.nvim_buf_line_count(t.chat(root))
  fake:finish({ id = 'm4', kind = 'agentMessage', text = '' })
  fake:finish({ id = 'n2', kind = 'notice', level = 'info', text = 'done' })
  chat_has('i done')
  t.equal(before + 1, vim.api.nvim_buf_line_count(t.chat(root)))
end)

t.test('the chat pane is not for typing: its keys ask, and its lines tell more', function()
  vim.cmd.Coworker()
  t.equal(nil, require('coworker.chat').window(root))
  vim.cmd.Coworker()
  t.equal(t.chat(root), vim.api.nvim_get_current_buf())
  t.equal(false, vim.bo.modifiable)
  t.will_type('and shorter?')
  t.type('i')
  t.eventually('the prompt', function()
    return #fake:sent('coworker/chat') == 3
  end)
  t.equal(
    { 'and shorter?', {} },
    { fake:sent('coworker/chat')[3].text, fake:sent('coworker/chat')[3].context }
  )
  vim.fn.search('Read greet.lua', 'w')
  t.type('K')
  t.equal(true, t.screen():find('read {"path":"greet.lua"}', 1, true) ~= nil)
end)

t.test('another pane of the same chat shows the same', function()
  vim.cmd.tabnew()
  vim.cmd.edit('greet.lua')
  vim.cmd.Coworker()
  local win = require('coworker.chat').window(root)
  vim.api.nvim_win_call(win, function()
    t.equal(6, vim.fn.foldclosed(7))
  end)
  vim.cmd.tabclose()
end)

t.test('the mode is chosen and completed from what the server offers', function()
  fake.answers['coworker/config/options'] = function()
    return {
      options = {
        {
          id = 'model',
          current = 'm',
          choices = {
            { value = 'a/m', description = 'Quick' },
            { value = 'b/n', description = 'Able', unavailable = 'there is no key' },
          },
        },
        {
          id = 'mode',
          current = 'ask',
          choices = {
            { value = 'ask', description = 'Asks' },
            { value = 'plan', description = 'Plans' },
          },
        },
      },
    }
  end
  t.equal({ 'ask', 'plan' }, vim.fn.getcompletion('CoworkerMode ', 'cmdline'))
  t.equal({ 'plan' }, vim.fn.getcompletion('CoworkerMode p', 'cmdline'))
  vim.cmd('CoworkerMode plan')
  t.equal({ sessionId = 's1', mode = 'plan' }, fake:sent('coworker/config/set')[1])
  t.will_choose('Asks')
  vim.cmd.CoworkerMode()
  t.eventually('the choice', function()
    return #fake:sent('coworker/config/set') == 2
  end)
  t.equal({ sessionId = 's1', mode = 'ask' }, fake:sent('coworker/config/set')[2])
  t.equal({ 'a/m', 'b/n' }, vim.fn.getcompletion('CoworkerModel ', 'cmdline'))
  vim.cmd('CoworkerModel a/m')
  t.equal({ sessionId = 's1', model = 'a/m' }, fake:sent('coworker/config/set')[3])
  -- One that cannot be used is told with why, and not chosen.
  t.will_choose('there is no key')
  vim.cmd.CoworkerModel()
  t.eventually('why not', function()
    return vim.inspect(t.told):find('b/n cannot be used: there is no key', 1, true) ~= nil
  end)
  t.equal(3, #fake:sent('coworker/config/set'))
end)

t.test('the server may ask for words, and hears when there are none', function()
  t.will_type('shorter')
  local first = fake:ask('coworker/prompt', { title = 'Ask about fn main', text = '' })
  t.eventually('the words', function()
    return fake.replies[first] == 'shorter'
  end)
  t.will_type(nil)
  local second = fake:ask('coworker/prompt', { title = 'Ask', text = '' })
  t.eventually('no words', function()
    return fake.replies[second] == vim.NIL
  end)
end)

t.test('after :bdelete the chat pane comes back with all of the conversation', function()
  local buf = t.chat(root)
  local lines = vim.api.nvim_buf_get_lines(buf, 0, -1, false)
  t.equal(true, #lines > 10)
  vim.cmd.bdelete({ buf, bang = true })
  t.eventually('the end of the buffer', function()
    return not vim.api.nvim_buf_is_valid(buf)
  end)
  vim.cmd.Coworker()
  t.equal(lines, vim.api.nvim_buf_get_lines(t.chat(root), 0, -1, false))
  vim.cmd.Coworker()
end)

t.test('the health check sees the server', function()
  vim.cmd('checkhealth coworker')
  local report = t.text(0)
  t.equal(true, report:find('running, sees 1 buffer', 1, true) ~= nil)
  t.equal(true, report:find('Protocol version 1', 1, true) ~= nil)
  t.equal(nil, report:find('ERROR', 1, true))
end)

t.finish()
