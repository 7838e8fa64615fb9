-- Checkpoints: what a restore would change is seen first, text that somebody typed goes only with a
-- yes, and a restore is undone by a restore.
local stage = dofile(vim.env.TESTS .. '/e2e/stage.lua')
local t = stage.t
local coworker = require('coworker')

local root = stage.start({
  'turn "louder"',
  stage.call('edit', { path = 'greet.lua', old_text = "'!'", new_text = "'!!!'" }),
  stage.call('write', { path = 'new.lua', content = 'return 1\n' }),
  '---',
  'say "Louder now."',
  'turn "in "',
  stage.call('edit', { path = 'greet.lua', old_text = 'Hello', new_text = 'Bonjour' }),
  '---',
  'say "En français."',
}, { mode = 'edit' })

local function shown()
  return vim.bo.filetype == 'diff' and t.text(0) or ''
end

-- Answers the question whether typed text may go, and notes what it says.
local asked
local function will_answer(answer)
  vim.ui.select = function(items, options, on_done)
    asked = options.prompt
    for at, item in ipairs(items) do
      if vim.startswith(item, answer) then
        return on_done(item, at)
      end
    end
  end
end

local function choose_point(part)
  t.will_choose(part)
  vim.cmd.CoworkerCheckpoints()
  t.eventually('what it would change', function()
    return shown() ~= ''
  end)
end

t.test('a point is chosen, and what a restore to it changes is shown', function()
  coworker.ask('louder')
  stage.ends_with('Louder now.')
  coworker.ask('and in French')
  stage.ends_with('En français.')
  vim.api.nvim_set_current_win(vim.fn.bufwinid(stage.buf))
  t.type('ggO-- typed since<Esc>')
  choose_point('before “louder”')
  local lines = vim.split(shown(), '\n')
  table.sort(lines)
  local text = shown()
  t.equal(true, text:find('put back greet.lua, and what somebody else changed', 1, true) ~= nil)
  t.equal(true, text:find('delete new.lua\n', 1, true) ~= nil)
  t.equal(true, vim.list_contains(lines, "+    local line = 'Hello, ' .. names[i] .. '!'"))
  t.type('q')
  t.equal({ '', true }, { shown(), t.has(stage.buf, '-- typed since') })
end)

t.test('text that somebody typed goes only with a yes', function()
  choose_point('before “louder”')
  will_answer('No')
  t.type('f')
  t.equal({ 'What was typed since goes from greet.lua', true }, { asked, shown() ~= '' })
  will_answer('Yes')
  t.type('f')
  t.eventually('the text before', function()
    return t.text(stage.buf) == vim.trim(stage.greet)
  end)
  t.eventually('what was done', function()
    local last = t.told[#t.told] or ''
    return last:find('2 files put back, and what was typed since is gone from greet.lua; ', 1, true)
  end)
  t.equal({ '', 0 }, { shown(), vim.fn.filereadable(root .. '/new.lua') })
  stage.sees('En français.')
end)

t.test('a restore is undone by a restore', function()
  choose_point('before a restore')
  t.type('f')
  t.eventually('the text that was there', function()
    return t.has(stage.buf, '-- typed since') and t.has(stage.buf, 'Bonjour')
  end)
  t.eventually('the file', function()
    return vim.fn.filereadable(root .. '/new.lua') == 1
  end)
end)

t.test('what is typed after the difference was shown does not go unseen', function()
  choose_point('before “louder”')
  local tab = vim.api.nvim_get_current_tabpage()
  vim.cmd.tabfirst()
  vim.api.nvim_set_current_win(vim.fn.bufwinid(stage.buf))
  t.type('Go-- typed after it was shown<Esc>')
  vim.api.nvim_set_current_tabpage(tab)
  t.told = {}
  will_answer('Yes')
  t.type('f')
  t.eventually('the difference of now', function()
    return shown():find('typed after it was shown', 1, true)
  end)
  t.equal({ 'Coworker: the files have changed since; look again' }, t.told)
  t.equal(true, t.has(stage.buf, '-- typed after it was shown'))
  t.type('q')
  vim.api.nvim_set_current_win(vim.fn.bufwinid(stage.buf))
  vim.cmd('silent undo')
end)

t.test('a prompt that is sent again asks before files are put back', function()
  t.type('ggO-- typed again<Esc>')
  t.will_choose('and in French')
  t.will_type('in plain French')
  vim.cmd('CoworkerResend!')
  t.eventually('what it would change', function()
    return shown() ~= ''
  end)
  t.equal(false, shown():find('new.lua', 1, true) ~= nil)
  will_answer('No')
  t.type('a')
  t.equal({ 'What was typed since goes from greet.lua', true }, { asked, shown() ~= '' })
  t.equal(true, t.has(stage.buf, 'Bonjour'))
  will_answer('Yes')
  t.type('a')
  stage.ends_with('› in plain French')
  t.eventually('the new answer', function()
    return t.has(stage.buf, 'Bonjour') and not t.has(stage.buf, '-- typed')
  end)
  t.equal('', shown())
end)

t.finish()
