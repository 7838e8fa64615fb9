-- What becomes of a proposal without a decision, and what a decision could not have, is said.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')
local hunks = require('coworker.hunks')

stage.start({
  'turn "two things"',
  stage.edit('hello', 'good day'),
  stage.edit('return M\n', 'M.version = 2\n\nreturn M\n'),
  '---',
  'say "As you like it."',
})

local function wait_for_message(part)
  t.eventually('a message', function()
    return t.told[1] and t.told[1]:find(part, 1, true)
  end)
end

t.test('somebody types in what a hunk replaces: why it goes is said', function()
  coworker.ask('two things')
  stage.leave_preview()
  t.eventually('the hunks', function()
    return #hunks.all(stage.buf) == 2
  end)
  t.told = {}
  vim.fn.search('hello', 'w')
  t.type('cehallo<Esc>')
  wait_for_message('greet.lua: a hunk cannot be applied: text that it replaces was changed')
end)

t.test('the editor refuses an edit: where, why and what can be done is said', function()
  t.told = {}
  vim.bo[stage.buf].modifiable = false
  vim.fn.search('^return M', 'w')
  vim.cmd.CoworkerAccept()
  wait_for_message('greet.lua, line 13: the editor refused it')
  t.equal(1, #t.told)
end)

t.finish()
