-- An earlier prompt: what is set aside goes from the chat, forks, and prompts sent again.
local t = dofile(vim.env.TESTS .. '/harness.lua')
local fake = dofile(vim.env.TESTS .. '/unit/fake.lua').new()
local coworker = require('coworker')
local root = t.workspace({ ['a.txt'] = 'one\n' })

vim.cmd.edit('a.txt')
coworker.setup({ cmd = fake.cmd })

local function shows(part, whether)
  t.eventually((whether and 'shown: ' or 'gone: ') .. part, function()
    return t.has(t.chat(root), part) == whether
  end)
end

-- Chooses the entry that reads so.
local offered
local function choose(wanted)
  vim.ui.select = function(items, options, on_choice)
    offered = vim.tbl_map(options.format_item, items)
    for at, text in ipairs(offered) do
      if text == wanted then
        return on_choice(items[at], at)
      end
    end
    on_choice(nil)
  end
end

fake.answers['coworker/session/attach'] = function(params)
  local session = { id = params.sessionId, title = '' }
  return { session = session, epoch = 'e1', seq = fake.seq, fromStart = params.sessionId ~= 's1' }
end

local function aside(first, last, is_aside)
  fake:tell({ kind = 'setAside', stretch = { first = first, last = last }, aside = is_aside })
end

t.test('what is set aside is drawn no more, and again when it is taken up', function()
  vim.cmd('CoworkerAsk one')
  t.eventually('the prompt', function()
    return fake:sent('coworker/chat')[1]
  end)
  for _, text in ipairs({ 'one', 'two' }) do
    fake:finish({ id = 'ask ' .. text, kind = 'userMessage', text = text })
    fake:start({ id = 'say ' .. text, kind = 'agentMessage', text = '' })
    fake:delta('say ' .. text, 0, 'answer ' .. text)
    fake:finish({ id = 'say ' .. text, kind = 'agentMessage', text = 'answer ' .. text })
  end
  shows('answer two', true)
  aside('ask two', 'say two', true)
  shows('answer two', false)
  shows('› two', false)
  shows('answer one', true)
  aside('ask two', 'say two', false)
  shows('answer two', true)
  shows('› two', true)
end)

t.test('a fork begins before the prompt that is chosen, and is shown', function()
  fake.answers['coworker/session/fork'] = function()
    return { session = { id = 's2', title = 'one (fork)' } }
  end
  choose('two')
  vim.cmd('CoworkerFork')
  t.equal({ 'After all of it', 'two', 'one' }, offered)
  t.equal({ sessionId = 's1', before = 'ask two' }, fake:sent('coworker/session/fork')[1])
  t.eventually('the fork', function()
    local attached = fake:sent('coworker/session/attach')[1]
    return attached and attached.sessionId == 's2'
  end)
end)

t.test('an earlier prompt is changed and sent again', function()
  require('coworker.sessions').attach(root, 's1')
  shows('answer two', true)
  aside('ask two', 'say two', true)
  shows('answer two', false)
  choose('one')
  vim.ui.input = function(options, on_done)
    t.equal('one', options.default)
    on_done('one, better')
  end
  fake.answers['coworker/checkpoint/diff'] = function()
    return { files = {}, refused = {} }
  end
  vim.cmd('CoworkerResend!')
  -- What is set aside cannot be sent again.
  t.equal({ 'one' }, offered)
  -- No file would change, so nobody is asked.
  local sent = t.eventually('the prompt', function()
    return fake:sent('coworker/session/resend')[1]
  end)
  t.equal({ sessionId = 's1', itemId = 'ask one', text = 'one, better', files = true }, sent)
end)

t.test('a prompt of several lines is changed in a buffer, and sent with its lines', function()
  local text = 'fix this:\n\n  if x\r\n'
  fake:finish({ id = 'ask more', kind = 'userMessage', text = text })
  shows('fix this', true)
  local chat = vim.api.nvim_get_current_win()
  t.will_choose('fix this')
  vim.cmd('CoworkerResend')
  t.equal(text, t.text(0))
  t.type('ggAplease<Esc>')
  vim.cmd.write()
  t.eventually('the prompt', function()
    return #fake:sent('coworker/session/resend') == 2
  end)
  t.equal('fix this:please\n\n  if x\r\n', fake:sent('coworker/session/resend')[2].text)
  t.equal(chat, vim.api.nvim_get_current_win())
end)

t.test('and so is one that waits; what is left is as it was', function()
  local text = 'one\ntwo'
  local queued = { turnId = 't2', message = { text = text } }
  fake:tell({ kind = 'queue', prompts = { queued } })
  shows('⋯ one', true)
  t.will_choose('Edit')
  vim.cmd.CoworkerQueue()
  t.type('dd')
  vim.cmd('quit!')
  t.step()
  t.equal({}, fake:sent('coworker/chat/queue'))
  vim.cmd.CoworkerQueue()
  t.equal(text, t.text(0))
  t.type('Gothree<Esc>')
  local windows = #vim.api.nvim_list_wins()
  vim.cmd.wq()
  t.eventually('the change', function()
    return fake:sent('coworker/chat/queue')[1]
  end)
  local change = { op = 'edit', text = 'one\ntwo\nthree' }
  t.equal({ sessionId = 's1', turnId = 't2', change = change }, fake:sent('coworker/chat/queue')[1])
  t.equal(windows - 1, #vim.api.nvim_list_wins())
end)

t.test('of files that nobody can compare it is not said that they are as they were', function()
  local refused = { { uri = vim.uri_from_fname(root), reason = 'a command ran' } }
  fake.answers['coworker/checkpoint/list'] = function()
    return {
      checkpoints = { { id = 'c1', at = 0, files = 0, title = '', before = { kind = 'restore' } } },
    }
  end
  fake.answers['coworker/checkpoint/diff'] = function()
    return { files = {}, refused = refused }
  end
  fake.answers['coworker/checkpoint/restore'] = function()
    return { restored = {}, typed = {}, refused = refused }
  end
  t.will_choose('before a restore')
  t.told = {}
  vim.cmd.CoworkerCheckpoints()
  t.eventually('what a restore would do', function()
    return vim.api.nvim_buf_get_name(0):find('coworker://restore', 1, true)
  end)
  t.equal('not .: a command ran\n', t.text(0))
  t.type('f')
  t.eventually('why', function()
    return t.told[1]
  end)
  t.step()
  t.equal({ 'Coworker: . is not put back: a command ran' }, t.told)
end)

t.finish()
