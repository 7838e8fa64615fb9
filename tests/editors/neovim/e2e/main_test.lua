-- The main job: a selection in a file with unsaved changes, the answer, the todos, the preview,
-- yes, and the change stands beside the unsaved text. Then undo takes back the change alone.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t

local function todos(first, second)
  return stage.call('todoWrite', {
    todos = {
      { content = 'Read the function', activeForm = 'Reading the function', status = first },
      { content = 'Make it shorter', activeForm = 'Making it shorter', status = second },
    },
  })
end

local root = stage.start({
  'turn "make this shorter"',
  'pause 60',
  'reason "Where is the end of it?"',
  'say "I will read it first, for it is the buffer that counts."',
  todos('in_progress', 'pending'),
  stage.call('read', { path = 'greet.lua' }),
  '---',
  'sees "-- not saved yet"', -- what the tool read is the buffer
  'say "The loop is a map."',
  todos('completed', 'in_progress'),
  stage.shorten,
  '---',
  'sees not "rejected"',
  todos('completed', 'completed'),
  '---',
  'say "Done: three lines instead of six."',
})
local path = root .. '/greet.lua'

t.test('text streams into the chat pane and todos move', function()
  t.type('ggO-- not saved yet<Esc>')
  vim.cmd('5,12CoworkerAsk make this shorter')
  stage.sees('› make this shorter\n  greet.lua:5-12')
  stage.sees('I will read')
  t.equal(false, t.has(t.chat(root), 'that counts.'))
  stage.sees('I will read it first, for it is the buffer that counts.')
  stage.sees('✓ Read greet.lua')
  t.eventually('the todos', function()
    return t.text(t.todos(root)) == '✓ Read the function\n◐ Making it shorter'
  end)
end)

t.test('the preview shows the change beside the buffer, and nothing has changed yet', function()
  local preview = stage.preview()
  t.equal(stage.buf, vim.api.nvim_win_get_buf(preview.real))
  t.equal(true, t.has(vim.api.nvim_win_get_buf(preview.proposed), stage.short))
  t.equal(true, t.has(vim.api.nvim_win_get_buf(preview.proposed), '-- not saved yet'))
  t.equal('-- not saved yet\n' .. vim.trim(stage.greet), t.text(stage.buf))
  t.equal('waiting for you', require('coworker').status():match('^Coworker ([%a ]+) ·'))
end)

t.test('approved: the buffer has the change and the unsaved text, the disk neither', function()
  t.press('a', function()
    return t.has(stage.buf, 'vim.tbl_map')
  end)
  stage.ends_with('Done: three lines instead of six.')
  local text = t.text(stage.buf)
  t.equal(
    '-- not saved yet\n'
      .. vim.trim(stage.greet:gsub(vim.pesc(stage.long), (stage.short:gsub('%%', '%%%%')))),
    text
  )
  t.equal({ true, stage.greet }, { vim.bo[stage.buf].modified, t.read(path) })
  t.equal({ 1, stage.buf }, { #vim.api.nvim_list_tabpages(), vim.api.nvim_get_current_buf() })
  t.eventually('the todos', function()
    return t.text(t.todos(root)) == '✓ Read the function\n✓ Make it shorter'
  end)
end)

t.test('u takes back the change and leaves what was typed; the next u takes that', function()
  t.type('u')
  t.equal('-- not saved yet\n' .. vim.trim(stage.greet), t.text(stage.buf))
  t.type('u')
  t.equal(vim.trim(stage.greet), t.text(stage.buf))
  t.type('<C-r><C-r>')
  t.equal(true, t.has(stage.buf, 'vim.tbl_map') and t.has(stage.buf, '-- not saved yet'))
  vim.cmd.write()
  t.equal(true, t.read(path):find('vim.tbl_map', 1, true) ~= nil)
end)

t.finish()
