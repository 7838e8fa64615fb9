-- Words for a running turn, prompts that wait and are changed, completion, weights, modes.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local root = stage.start({
  'turn "count slowly"',
  stage.call('bash', { command = 'until test -e go; do sleep 0.05; done; echo counted' }),
  '---',
  'turn "count in French"',
  'sees "counted"',
  'say "Un, deux."',
  'turn "changed my mind"',
  'say "I see."',
})

---@return coworker.QueuedPrompt[]
local function waiting()
  return require('coworker.sessions').current(root).fold.queue
end

t.test('a prompt that waits can be edited, and another steers the turn', function()
  coworker.ask('count slowly')
  stage.float()
  vim.cmd.CoworkerApprove()
  coworker.ask('and this later')
  t.eventually('a prompt that waits', function()
    return #waiting() == 1
  end)
  stage.sees('⋯ and this later')
  t.will_choose('Edit')
  t.will_type('I have changed my mind')
  vim.cmd.CoworkerQueue()
  stage.sees('⋯ I have changed my mind')
  vim.cmd('CoworkerAsk! count in French')
  stage.sees('↳ count in French')
  t.write(root .. '/go', '')
  stage.ends_with('I see.')
  stage.sees('Un, deux.')
  t.equal({}, waiting())
end)

t.test('mentions and commands are completed', function()
  t.equal('look at @greet.lua', coworker.complete_prompt('look at @gree')[1])
  t.equal(true, vim.list_contains(coworker.complete_prompt('/comm'), '/commit'))
end)

t.test('what the next request is made of can be seen', function()
  coworker.context()
  local float = t.eventually('the float', function()
    for _, win in ipairs(vim.api.nvim_list_wins()) do
      local buf = vim.api.nvim_win_get_buf(win)
      if t.has(buf, 'About ') and t.has(buf, 'tool bash') then
        return buf
      end
    end
  end)
  t.equal(true, t.has(float, 'conversation'))
end)

t.test('auto mode is asked about, and said everywhere', function()
  t.will_choose('No')
  vim.cmd('CoworkerMode auto')
  t.equal(nil, coworker.status():find('· auto', 1, true))
  t.will_choose('Yes')
  vim.cmd('CoworkerMode auto')
  t.eventually('auto mode', function()
    return coworker.status():find('· auto', 1, true)
  end)
  stage.sees('Auto mode: ')
end)

t.test('a folder is trusted after a question', function()
  t.will_choose('Yes')
  vim.cmd.CoworkerTrust()
  t.eventually('trust', function()
    return require('coworker.sessions').option(root, 'trust').current == 'true'
  end)
end)

t.finish()
