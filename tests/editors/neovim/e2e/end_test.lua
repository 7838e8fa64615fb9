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
}, { mode = 'edit' })

local function text()
  return table.concat(vim.api.nvim_buf_get_lines(stage.buf, 0, -1, false), '\n') .. '\n'
end

coworker.ask('add')
stage.ends_with('Added.')
t.equal(more, text())
coworker.undo('turn')
t.eventually('the text as it was', function()
  return text() == stage.greet
end)
coworker.ask('take away')
stage.ends_with('Gone.')
t.equal((stage.greet:gsub('return M\n', '')), text())
coworker.undo('turn')
t.eventually('the text as it was, again', function()
  return text() == stage.greet
end)
