-- Stop in the middle of an answer; kill -9; restart; the same conversation; another session.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local root = stage.start({
  'turn "hello"',
  'reason "A greeting."',
  'say "Hello. "',
  stage.call('read', { path = 'greet.lua' }),
  '---',
  'say "I have read it."',
  'turn "for ever"',
  'say "One, two, three, "',
  'wait',
  'turn "again"',
  'say "Four, five, six, "',
  'wait',
  'turn "still there?"',
  'say "Still here."',
})

t.test('a conversation', function()
  coworker.ask('hello')
  stage.ends_with('I have read it.')
end)

t.test('stop in the middle of an answer keeps what was said', function()
  coworker.ask('for ever')
  stage.sees('One, two, three,')
  vim.cmd.CoworkerStop()
  stage.ends_with('Stopped')
  stage.sees('One, two, three,')
end)

local before

t.test('kill -9 in the middle of an answer is reported', function()
  before = stage.conversation()
  coworker.ask('again')
  stage.sees('Four, five, six,')
  for _, pid in ipairs(stage.servers()) do
    vim.uv.kill(pid, 'sigkill')
  end
  stage.sees('The server stopped (signal 9)')
  t.equal(
    true,
    vim.iter(t.told):any(function(told)
      return told:find(':CoworkerRestart', 1, true) ~= nil
    end)
  )
end)

t.test('after the restart the same conversation is there, and nothing runs', function()
  vim.cmd.CoworkerRestart()
  t.eventually('the interrupted turn', function()
    local conversation = require('coworker.sessions').current(root)
    return conversation.fold.status.stopReason == 'interrupted'
  end)
  stage.sees('› again')
  local after = stage.conversation()
  t.equal(before, after:sub(1, #before))
  t.equal(false, require('coworker.sessions').current(root).fold:is_running())
end)

t.test('and it goes on', function()
  coworker.ask('still there?')
  stage.ends_with('Still here.')
end)

t.test('sessions are listed, and an earlier one is shown again', function()
  t.will_choose('New session')
  vim.cmd.CoworkerSessions()
  t.eventually('an empty conversation', function()
    return not t.has(t.chat(root), 'Still here.')
  end)
  t.will_choose('hello')
  vim.cmd.CoworkerSessions()
  stage.sees('Still here.')
end)

t.test('a session is shown by the beginning of its id', function()
  local id = require('coworker.sessions').current(root).id
  t.will_choose('New session')
  vim.cmd.CoworkerSessions()
  t.eventually('an empty conversation', function()
    return not t.has(t.chat(root), 'Still here.')
  end)
  vim.cmd('CoworkerSessions ' .. id:sub(1, #id - 1))
  stage.sees('Still here.')
  t.told = {}
  vim.cmd('CoworkerSessions none')
  t.eventually('that there is none', function()
    return t.told[1] == 'Coworker: 0 sessions of this folder begin with none'
  end)
end)

t.test('the health check finds nothing wrong', function()
  vim.cmd('checkhealth coworker')
  t.equal(nil, t.text(0):find('ERROR', 1, true))
  t.equal(true, t.text(0):find('Protocol version 1', 1, true) ~= nil)
end)

t.finish()
