-- What is said takes no key: what fits is on the message line, all else in a float without the focus.
local t = dofile(vim.env.TESTS .. '/harness.lua')
local note = require('coworker.note')
local pause = require('coworker.pause')

vim.o.columns = 80
local win = vim.api.nvim_get_current_win()
local long = ('src/store.py, line 3: %sIt stays.'):format(('it was changed too much. '):rep(6))

t.test('what is longer than the line is in a float, all of it, and the next below it', function()
  vim.notify = t.notify
  pause.say(long, vim.log.levels.WARN)
  pause.say('one\ntwo')
  vim.notify = function() end
  t.equal('Coworker: ' .. long .. '\nCoworker: one\ntwo', t.text(note.buffer()))
  t.equal({ win, false }, { vim.api.nvim_get_current_win(), vim.api.nvim_get_mode().blocking })
  local float = vim.fn.bufwinid(note.buffer())
  local height = vim.api.nvim_win_get_height(float)
  t.equal(vim.api.nvim_win_text_height(float, {}).all, height)
  t.equal({ true, false }, { height > 3, vim.api.nvim_win_get_config(float).focusable })
end)

t.test('it goes with a key, but not before there was time to read it', function()
  t.type('i<Esc>')
  t.step()
  t.equal(true, note.buffer() ~= nil)
  local hrtime = vim.uv.hrtime
  vim.uv.hrtime = function()
    return hrtime() + 60e9
  end
  t.type('i<Esc>')
  vim.uv.hrtime = hrtime
  t.eventually('its end', function()
    return not note.buffer()
  end)
end)

t.test('on a small screen as much as there is room for', function()
  vim.o.columns, vim.o.lines = 20, 8
  vim.notify = t.notify
  pause.say(long)
  vim.notify = function() end
  t.equal(true, note.buffer() ~= nil)
  note.close()
end)

t.finish()
