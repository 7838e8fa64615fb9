-- A proposal is put into the user's own words, in the buffer and in the preview.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')
local hunks = require('coworker.hunks')

stage.start({
  'turn "three things"',
  stage.edit('hello', 'good day'),
  stage.edit("    local line = 'Hello, ' .. names[i] .. '!'\n", ''),
  stage.edit('return M\n', 'M.version = 2\n\nreturn M\n'),
  '---',
  'sees "The user changed your words"',
  'say "As you like it."',
  'turn "one thing"',
  stage.edit('    local line = names[i]', "    local line = 'Hi, ' .. names[i]"),
  '---',
  'say "Not that."',
  'turn "away with it"',
  stage.call('delete', { path = 'greet.lua' }),
})

local function wait_for_lines(lines)
  t.eventually('the lines of the hunk', function()
    return vim.bo.buftype == 'acwrite' and t.text(0) == lines
  end)
end

local function wait_until_closed()
  t.eventually('the hunk accepted and its window closed', function()
    return vim.bo.buftype ~= 'acwrite'
  end)
end

t.test('in the preview the lines of a hunk are changed and written, which accepts them', function()
  vim.bo[stage.buf].shiftwidth = 3
  coworker.ask('three things')
  local preview = stage.preview()
  vim.fn.search('M.version')
  t.type('ge')
  wait_for_lines('M.version = 2\n')
  t.equal(3, vim.bo.shiftwidth)
  t.type('cc-- What it is.<CR>M.version = 3<Esc>')
  vim.cmd.write()
  t.eventually('the hunk', function()
    return t.has(stage.buf, '\n-- What it is.\nM.version = 3\n\nreturn M')
  end)
  wait_until_closed()
  t.equal(preview.proposed, vim.api.nvim_get_current_win())
  t.equal(false, t.has(stage.buf, 'good day'))
  t.type('q')
end)

t.test('in the buffer, with what was typed around meanwhile; to leave decides nothing', function()
  vim.api.nvim_set_current_win(vim.fn.bufwinid(stage.buf))
  t.eventually('the hunks', function()
    return #hunks.all(stage.buf) == 3
  end)
  t.type('ggO-- typed meanwhile<Esc>')
  vim.fn.search('Says hello', 'w')
  vim.cmd.CoworkerEdit()
  wait_for_lines('--- Says good day to everyone.')
  vim.cmd('quit!')
  t.equal(true, t.has(stage.buf, 'Says hello'))
  vim.cmd.CoworkerEdit()
  wait_for_lines('--- Says good day to everyone.')
  vim.cmd('substitute/day/evening/ | wq')
  t.eventually('the words', function()
    return t.has(
      stage.buf,
      '-- typed meanwhile\nlocal M = {}\n\n--- Says good evening to everyone.'
    )
  end)
  wait_until_closed()
end)

t.test('lines that would go can come back in other words', function()
  vim.fn.search('Hello, ', 'w')
  vim.cmd.CoworkerEdit()
  wait_for_lines('')
  t.type('i    local line = names[i]<Esc>')
  vim.cmd.write()
  stage.ends_with('As you like it.')
  wait_until_closed()
  t.equal(true, t.has(stage.buf, 'do\n    local line = names[i]\n    table.insert(out, line)'))
  t.eventually('no hunk that waits', function()
    return not vim.iter(hunks.all(stage.buf)):any(function(standing)
      return hunks.is_pending(standing.hunk)
    end)
  end)
  t.told = {}
  vim.cmd.CoworkerEdit()
  t.equal({ 'Coworker: no hunk waits here' }, t.told)
end)

t.test('what is being worded stays when the preview goes', function()
  coworker.ask('one thing')
  local preview = stage.preview()
  t.type('ge')
  wait_for_lines("    local line = 'Hi, ' .. names[i]")
  local win = vim.api.nvim_get_current_win()
  t.type('A -- mine<Esc>')
  vim.cmd('CoworkerReject! no')
  stage.ends_with('Not that.')
  t.eventually('no preview', function()
    return not require('coworker.review').current()
  end)
  t.equal(
    { true, "    local line = 'Hi, ' .. names[i] -- mine", false },
    { vim.api.nvim_win_is_valid(win), t.text(0), vim.api.nvim_win_is_valid(preview.proposed) }
  )
end)

t.test('what is written for a hunk that is decided already stays, and it is said why', function()
  local text = t.text(0)
  for _, command in ipairs({ 'write', 'wq' }) do
    t.told = {}
    vim.cmd(command)
    t.eventually('why', function()
      return #t.told > 0
    end)
    t.equal({ text, 'acwrite', true }, { t.text(0), vim.bo.buftype, vim.bo.modified })
  end
end)

t.test('a file that would be deleted has no words', function()
  vim.cmd('quit!')
  vim.api.nvim_buf_call(stage.buf, vim.cmd.write)
  coworker.ask('away with it')
  stage.leave_preview()
  t.eventually('the hunk', function()
    return #hunks.all(stage.buf) > 0 and hunks.is_pending(hunks.all(stage.buf)[1].hunk)
  end)
  t.told = {}
  vim.cmd('normal! gg')
  vim.cmd.CoworkerEdit()
  t.eventually('why not', function()
    return t.told[1] and t.told[1]:find('no lines to change', 1, true)
  end)
end)

t.finish()
