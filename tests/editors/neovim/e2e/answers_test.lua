-- No for an answer, commands, plans, and typing while an edit is on its way.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local root = stage.start({
  'turn "shorter"',
  stage.shorten,
  '---',
  'sees "keep the loop, I like it"',
  'say "Then it stays."',
  'turn "count"',
  stage.call('bash', { command = 'wc -l < greet.lua' }),
  '---',
  'sees "13"',
  'say "Thirteen lines."',
  'turn "plan it"',
  'sees system "plan"',
  stage.call('plan', { summary = 'Make greet shorter.', steps = { 'Find the loop', 'Use a map' } }),
  '---',
  'say "Now the edit."',
  stage.shorten,
  '---',
  'say "Edited."',
})

t.test('rejected with a reason: nothing changes, and the model is told', function()
  coworker.ask('shorter')
  stage.preview()
  t.will_type('keep the loop, I like it')
  t.press('r', function()
    return require('coworker.approvals').next(root) == nil
  end)
  stage.ends_with('Then it stays.')
  t.equal({ vim.trim(stage.greet), false }, { t.text(stage.buf), vim.bo[stage.buf].modified })
  stage.sees('⊘ greet.lua +3 −6, rejected: keep the loop, I like it')
end)

t.test('a command is shown whole and runs when it is approved', function()
  coworker.ask('count')
  local float = stage.float()
  t.equal(true, t.has(float, 'wc -l < greet.lua'))
  t.equal(true, t.has(float, root))
  t.equal(stage.buf, vim.api.nvim_get_current_buf())
  vim.cmd.CoworkerApprove()
  stage.ends_with('Thirteen lines.')
  t.equal(nil, require('coworker.question').buffer())
end)

t.test('modes are completed and chosen', function()
  t.equal(
    { 'ask', 'plan', 'fast', 'edit', 'auto' },
    vim.fn.getcompletion('CoworkerMode ', 'cmdline')
  )
  stage.go_to_mode('plan')
end)

t.test('plan mode: the plan is approved, then the edit is asked for like any other', function()
  coworker.ask('plan it')
  local float = stage.float()
  t.equal(true, t.has(float, 'Make greet shorter.\n1. Find the loop\n2. Use a map'))
  vim.cmd.CoworkerApprove()
  stage.sees('Plan (approved)')
  stage.sees('Now the edit.')
  stage.preview()
  t.equal(vim.trim(stage.greet), t.text(stage.buf))
end)

t.test('text typed while the edit is asked for stays, whatever becomes of the edit', function()
  vim.api.nvim_set_current_win(require('coworker.review').current().real)
  t.type('ggO-- typed meanwhile<Esc>')
  vim.cmd.CoworkerApprove()
  stage.ends_with('Edited.')
  t.equal('-- typed meanwhile', vim.api.nvim_buf_get_lines(stage.buf, 0, 1, false)[1])
end)

t.finish()
