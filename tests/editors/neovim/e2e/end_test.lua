-- What comes or goes at the end of a file: no empty line is left behind.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local more = stage.greet .. '-- one more line\n-- and another\n'

stage.start({
  'turn "add"',
  stage.call('edit', { path = 'greet.lua', old_text = stage.greet, new_text = more }),
  '---',
  'say "Added."',
  'turn "take away"',
  stage.call('edit', { path = 'greet.lua', old_text = '\nreturn M\n', new_text = '\n' }),
  '---',
  'say "Gone."',
  'turn "once more"',
  stage.call('edit', { path = 'greet.lua', old_text = '\nreturn M\n', new_text = '\n' }),
  '---',
  'say "Gone again."',
}, { mode = 'edit' })

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(stage.buf, 0, -1, false), '\n') .. '\n'
end

t.test('what is added and taken back leaves no empty line', function()
  coworker.ask('add')
  stage.ends_with('Added.')
  t.equal(more, text())
  coworker.undo('turn')
  t.eventually('the text as it was', function()
    return text() == stage.greet
  end)
end)

t.test('nor does what goes and comes back', function()
  coworker.ask('take away')
  stage.ends_with('Gone.')
  t.equal((stage.greet:gsub('return M\n', '')), text())
  coworker.undo('turn')
  t.eventually('the text as it was, again', function()
    return text() == stage.greet
  end)
end)

t.test('what the editor takes back is known for that, and not taken back once more', function()
  coworker.ask('once more')
  stage.ends_with('Gone again.')
  vim.api.nvim_set_current_win(vim.fn.bufwinid(stage.buf))
  stage.wait_for_marks('applied')
  t.type('u')
  t.equal(stage.greet, text())
  stage.wait_for_marks('')
  t.type('<C-r>')
  stage.wait_for_marks('applied')
  t.type('u')
  stage.wait_for_marks('')
  t.told = {}
  coworker.undo('hunk')
  t.equal({ 'Coworker: the agent has changed nothing here' }, t.told)
end)

t.finish()
