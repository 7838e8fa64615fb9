-- A filter over the whole buffer: Neovim tells of all the new lines first, and then that the old ones
-- are gone. Hunks whose lines are there again stand where they stood.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')
local hunks = require('coworker.hunks')

local longer =
  stage.greet:gsub('hello', 'good day'):gsub('\nreturn M\n', '\nM.version = 2\n\nreturn M\n')

stage.start({
  'turn "two things"',
  stage.call('edit', { path = 'greet.lua', old_text = stage.greet, new_text = longer }),
  '---',
  'sees not "rejected"',
  'say "As you like it."',
})

local function wait_for_marks(expected)
  local function marked()
    local states = vim.tbl_map(function(standing)
      return standing.hunk.state.kind
    end, hunks.all(stage.buf))
    return table.concat(states, ' ')
  end
  t.eventually('hunks that are ' .. expected, function()
    return marked() == expected
  end)
end

--- Accepts the hunk at a line, once it is drawn there.
local function accept(part)
  local row = vim.fn.search(part, 'cw') - 1
  t.eventually('a hunk at ' .. part, function()
    return hunks.touching(stage.buf, row, row)[1]
  end)
  vim.cmd.CoworkerAccept()
end

t.test('one waits and one is applied; a filter that changes nothing changes nothing', function()
  coworker.ask('two things')
  stage.leave_preview()
  wait_for_marks('pending pending')
  accept('Says hello')
  wait_for_marks('applied pending')
  local text = t.text(stage.buf)
  vim.cmd('silent %!cat')
  t.equal(text, t.text(stage.buf))
  accept('^return M')
  stage.ends_with('As you like it.')
  wait_for_marks('applied applied')
end)

t.test('a filter changes another line, and both can be taken back', function()
  vim.cmd("silent %!sed 's/local line/local text/;s/out, line/out, text/'")
  wait_for_marks('applied applied')
  vim.cmd('CoworkerUndo session')
  local expected = stage.greet:gsub('local line', 'local text'):gsub('out, line', 'out, text')
  t.eventually('the text before, with what the filter did', function()
    return t.text(stage.buf) == vim.trim(expected)
  end)
end)

t.finish()
