-- The agent's own questions, and save and run.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local questions = {
  {
    text = 'Which colours?',
    multiple = true,
    choices = { { label = 'red' }, { label = 'green' }, { label = 'blue' } },
  },
  { text = 'And why?' },
}

local root = stage.start({
  'turn "ask me"',
  stage.call('ask', { questions = questions }),
  '---',
  'sees "red"',
  'sees "blue"',
  'sees not "green"',
  'sees "they go well together"',
  'say "Red and blue it is."',
  'turn "ask again"',
  stage.call('ask', { questions = { questions[2] } }),
  '---',
  'sees "none of your business"',
  'say "Sorry."',
  'turn "count"',
  stage.shorten,
  '---',
  stage.call('bash', { command = 'wc -l < greet.lua' }),
  '---',
  'sees "10"',
  'sees not "did not see"',
  'say "Ten lines."',
}, { mode = 'edit' })

t.test('choices and words of the own reach the model', function()
  coworker.ask('ask me')
  local float = stage.float()
  t.equal(true, t.has(float, 'Which colours?') and t.has(float, 'And why?'))
  local wanted = { 'red', 'blue', 'That is all' }
  vim.ui.select = function(items, options, on_done)
    for at, item in ipairs(items) do
      if options.format_item(item):find(wanted[1], 1, true) then
        table.remove(wanted, 1)
        return on_done(item, at)
      end
    end
  end
  t.will_type('they go well together')
  vim.cmd.CoworkerApprove()
  stage.ends_with('Red and blue it is.')
  stage.sees('red, blue')
  t.equal(nil, require('coworker.question').buffer())
end)

t.test('turning away leaves the question open, and a no with a reason is told', function()
  coworker.ask('ask again')
  stage.float()
  t.will_type(nil)
  vim.cmd.CoworkerApprove()
  t.equal(true, require('coworker.approvals').next(root) ~= nil)
  vim.cmd('CoworkerReject none of your business')
  stage.ends_with('Sorry.')
end)

t.test('save and run: the command sees what the agent edited', function()
  coworker.ask('count')
  local float = stage.float()
  t.equal(true, t.has(float, 'greet.lua'))
  t.equal(true, vim.bo[stage.buf].modified)
  vim.cmd('CoworkerApprove saveAndRun')
  stage.ends_with('Ten lines.')
  t.equal(false, vim.bo[stage.buf].modified)
end)

t.finish()
