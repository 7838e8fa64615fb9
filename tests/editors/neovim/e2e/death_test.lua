-- The server dies, the user types on, and a new one takes over: what it applies lands where it
-- belongs, and it hears every key.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

stage.start({
  'turn "two things"',
  stage.call('edit', {
    path = 'greet.lua',
    old_text = stage.greet,
    new_text = stage.greet:gsub('hello', 'good day'):gsub('  return out', '  return out, #out'),
  }),
  'turn "what is there?"',
  stage.call('read', { path = 'greet.lua' }),
  '---',
  'sees "typed at last"',
  'say "I see it."',
  'turn "one more"',
  stage.call('edit', { path = 'greet.lua', old_text = 'return M', new_text = 'return M -- end' }),
  'turn "and another"',
  stage.call('edit', { path = 'greet.lua', old_text = 'local M', new_text = 'local M -- top' }),
})

t.test('a hunk is accepted after the server died and text was typed: it is where it was', function()
  coworker.ask('two things')
  stage.leave_preview()
  stage.wait_for_marks('pending pending')
  stage.kill_server()
  t.type('Go-- typed while dead<Esc>')
  vim.cmd.CoworkerRestart()
  stage.wait_for_marks('pending pending')
  t.type('ggO-- one<CR>two<CR>three<Esc>')
  t.equal(true, vim.fn.search('return out', 'cw') > 0)
  vim.cmd.CoworkerAccept()
  local own = '-- one\n-- two\n-- three\n'
  local expected = own
    .. stage.greet:gsub('return out', 'return out, #out')
    .. '-- typed while dead'
  t.eventually('the change', function()
    return t.has(stage.buf, 'return out, #out')
  end)
  stage.wait_for_marks('pending applied')
  t.equal(expected, t.text(stage.buf))
  vim.cmd('%CoworkerAccept')
  t.eventually('the other change', function()
    return t.text(stage.buf) == expected:gsub('hello', 'good day')
  end)
  stage.wait_for_marks('applied applied')
end)

t.test('and the agent reads what was typed after that', function()
  t.type('Go-- typed at last<Esc>')
  coworker.ask('what is there?')
  stage.ends_with('I see it.')
end)

t.test('what is written for a hunk stays when the server dies before it answers', function()
  coworker.ask('one more')
  stage.leave_preview()
  stage.wait_for_marks('applied applied pending', stage.buf)
  t.equal(true, vim.fn.search('^return M', 'cw') > 0)
  vim.cmd.CoworkerEdit()
  local buf = vim.api.nvim_get_current_buf()
  t.type('A, mine<Esc>')
  local server = stage.servers()[1]
  vim.uv.kill(server, 'sigstop')
  t.told = {}
  vim.cmd.write()
  vim.uv.kill(server, 'sigkill')
  t.eventually('why', function()
    return t.told[1] and t.told[1]:find('The server stopped', 1, true)
  end)
  t.step()
  t.equal({ buf, 'return M -- end, mine', true }, {
    vim.api.nvim_get_current_buf(),
    t.text(buf),
    vim.bo.modified,
  })
  vim.cmd.CoworkerRestart()
  stage.wait_for_marks('applied applied pending', stage.buf)
  vim.api.nvim_buf_call(buf, vim.cmd.write)
  t.eventually('no window for it', function()
    return not vim.api.nvim_buf_is_valid(buf)
  end)
  t.equal(true, t.has(stage.buf, 'return M -- end, mine\n'))
end)

t.test('a prompt that starts the next server is answered and asked about here', function()
  stage.kill_server()
  coworker.ask('and another')
  stage.leave_preview()
  stage.wait_for_marks('pending applied applied applied', stage.buf)
  t.equal(true, t.has(t.chat(stage.root), '› and another'))
end)

t.finish()
