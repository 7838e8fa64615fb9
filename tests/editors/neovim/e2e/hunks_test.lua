-- Hunk by hunk: some accepted and some not, what is typed meanwhile stays, and what was applied
-- is kept, taken back and done again.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')
local hunks = require('coworker.hunks')

-- Two changes far apart by one call: `greet` has two hunks.
local longer =
  stage.greet:gsub('hello', 'good day'):gsub('\nreturn M\n', '\nM.version = 2\n\nreturn M\n')

local function both()
  return stage.call('edit', {
    path = 'greet.lua',
    old_text = stage.greet,
    new_text = longer,
  })
end

stage.start({
  'turn "in the preview"',
  both(),
  '---',
  'sees not "rejected"',
  'say "All of it."',
  'turn "two things"',
  both(),
  '---',
  'sees "no version, please"',
  'say "Only the comment, then."',
  'turn "again"',
  stage.call('edit', { path = 'greet.lua', old_text = 'hello', new_text = 'good day' }),
  stage.call('edit', {
    path = 'greet.lua',
    old_text = 'return M\n',
    new_text = 'M.version = 2\n\nreturn M\n',
  }),
  '---',
  'say "Both are in."',
  'turn "wait for me"',
  stage.call('edit', { path = 'greet.lua', old_text = 'Hello, ', new_text = 'Hi, ' }),
})

--- Puts the cursor on a line of the source.
local function go_to(part)
  vim.api.nvim_set_current_win(vim.fn.bufwinid(stage.buf))
  t.equal(true, vim.fn.search(part, 'cw') > 0)
end

t.test('in the preview one is accepted, which leaves the other, and then the rest', function()
  coworker.ask('in the preview')
  local preview = stage.preview()
  local proposed = vim.api.nvim_win_get_buf(preview.proposed)
  vim.api.nvim_win_set_cursor(preview.proposed, { 3, 0 })
  t.press('ga', function()
    return t.has(stage.buf, 'Says good day')
  end)
  t.eventually('the other hunk alone', function()
    local left = hunks.all(proposed)
    return #left == 1 and left[1].first == 12 and t.text(proposed) == vim.trim(longer)
  end)
  t.equal(false, t.has(stage.buf, 'version'))
  t.eventually('the cursor on it', function()
    return vim.api.nvim_win_get_cursor(preview.proposed)[1] == 13
  end)
  t.press('a', function()
    return t.text(stage.buf) == vim.trim(longer)
  end)
  stage.ends_with('All of it.')
  vim.cmd('CoworkerUndo session')
  t.eventually('the text before', function()
    return t.text(stage.buf) == vim.trim(stage.greet)
  end)
  stage.wait_for_marks('')
end)

t.test('both hunks are drawn in the buffer, which has changed in nothing', function()
  coworker.ask('two things')
  stage.leave_preview()
  stage.wait_for_marks('pending pending')
  t.equal(vim.trim(stage.greet), t.text(stage.buf))
end)

t.test('one is accepted, text is typed, the other is rejected', function()
  go_to('Says hello')
  vim.cmd.CoworkerAccept()
  t.eventually('the first hunk', function()
    return t.has(stage.buf, '--- Says good day to everyone.')
  end)
  t.equal(false, t.has(stage.buf, 'version'))
  t.type('ggO-- typed meanwhile<Esc>')
  stage.wait_for_marks('applied pending')
  go_to('^return M')
  vim.cmd('CoworkerReject no version, please')
  stage.ends_with('Only the comment, then.')
  local expected = '-- typed meanwhile\n' .. vim.trim((stage.greet:gsub('hello', 'good day')))
  t.equal(expected, t.text(stage.buf))
  stage.wait_for_marks('applied')
end)

t.test('the turn is taken back and what was typed stays', function()
  t.type('Go-- typed after it<Esc>')
  vim.cmd('CoworkerUndo turn')
  local expected = '-- typed meanwhile\n' .. stage.greet .. '-- typed after it'
  t.eventually('the text before', function()
    return t.text(stage.buf) == expected
  end)
  vim.cmd.CoworkerRedo()
  t.eventually('the hunk again', function()
    return t.has(stage.buf, 'Says good day')
  end)
  stage.wait_for_marks('applied')
  go_to('Says good day')
  vim.cmd.CoworkerUndo()
  t.eventually('the text before, again', function()
    return t.text(stage.buf) == expected
  end)
  stage.wait_for_marks('')
end)

t.test('in mode edit the hunks are applied at once: one is kept, the other taken back', function()
  stage.go_to_mode('edit')
  coworker.ask('again')
  stage.ends_with('Both are in.')
  stage.wait_for_marks('applied applied')
  go_to('Says good day')
  vim.cmd.CoworkerKeep()
  stage.wait_for_marks('kept applied')
  vim.cmd('normal! gg')
  t.type('<Plug>(coworker-next-hunk)')
  t.equal('M.version = 2', vim.api.nvim_get_current_line())
  vim.cmd.CoworkerUndo()
  t.eventually('no version', function()
    return not t.has(stage.buf, 'version')
  end)
  stage.wait_for_marks('kept')
  t.equal(true, t.has(stage.buf, 'Says good day'))
end)

t.test('what was written over is not taken back', function()
  go_to('Says good day')
  t.type('cc--- my own words<Esc>')
  t.told = {}
  vim.cmd('CoworkerUndo turn')
  t.eventually('a reason', function()
    return #t.told > 0
  end)
  t.equal('Coworker: there is nothing to take back', t.told[1])
end)

t.test('a hunk that waits outlives the server', function()
  stage.go_to_mode('ask')
  coworker.ask('wait for me')
  stage.leave_preview()
  t.eventually('the hunk', function()
    return stage.marked():find('pending', 1, true)
  end)
  stage.kill_server()
  stage.wait_for_marks('')
  local ended = 'Coworker: The server stopped (signal 9). :CoworkerRestart goes on.'
  t.eventually('how it ended', function()
    return t.told[#t.told] == ended
  end)
  for _, name in ipairs({ 'Accept', 'Reject', 'Edit', 'Keep', 'Undo', 'Redo', 'Hunks' }) do
    t.told = {}
    vim.cmd['Coworker' .. name]()
    t.equal({ name, ended }, { name, t.told[1] })
  end
  vim.cmd.CoworkerRestart()
  t.eventually('the hunk again', function()
    return stage.marked():find('pending', 1, true)
  end)
  -- Its question is gone; where it is can be found all the same.
  t.told = {}
  vim.cmd.CoworkerApprove()
  t.equal({ 'Coworker: no question is open; :CoworkerHunks lists what waits' }, t.told)
  vim.cmd.CoworkerReview()
  t.eventually('the list', function()
    return vim.bo.buftype == 'quickfix'
  end)
  vim.cmd.cfirst()
  t.equal(
    { stage.buf, "    local line = 'Hello, ' .. names[i] .. '!'" },
    { vim.api.nvim_get_current_buf(), vim.api.nvim_get_current_line() }
  )
  t.equal("pending −1 +1  local line = 'Hi, ' .. names[i] .. '!'", vim.fn.getqflist()[1].text)
  vim.cmd.cclose()
  vim.cmd('%CoworkerAccept')
  t.eventually('the change', function()
    return t.has(stage.buf, "'Hi, ' .. names[i]")
  end)
  stage.wait_for_marks('applied')
  t.told = {}
  vim.cmd.CoworkerReview()
  t.eventually('that nothing waits', function()
    return t.told[1] == 'Coworker: nothing waits for an answer'
  end)
  vim.cmd.CoworkerHunks()
  t.eventually('that no hunk waits', function()
    return t.told[2] == 'Coworker: no hunk waits'
  end)
  vim.cmd('CoworkerHunks!')
  t.eventually('what is not kept yet', function()
    return vim.bo.buftype == 'quickfix' and vim.startswith(vim.fn.getqflist()[1].text, 'applied')
  end)
end)

t.finish()
