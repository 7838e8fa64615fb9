-- Buffers follow what becomes of files on the disk: moved, made, deleted, and all that taken back.
local t = dofile(vim.env.TESTS .. '/harness.lua')
local fake = dofile(vim.env.TESTS .. '/unit/fake.lua').new()
local root = t.workspace({ ['a.txt'] = 'one\ntwo\n', ['b.txt'] = 'eins\nzwei\n' })
local a, b = root .. '/a.txt', root .. '/b.txt'

vim.cmd.edit('b.txt')
local buf_b = vim.api.nvim_get_current_buf()
vim.cmd.edit('a.txt')
local buf_a = vim.api.nvim_get_current_buf()
local coworker = require('coworker')
coworker.setup({ cmd = fake.cmd })
coworker.ask('go')
t.eventually('the prompt', function()
  return #fake:sent('coworker/chat') == 1
end)
vim.cmd.only()

local function tell(kind, path, state, to)
  local hunks = { { id = 'h1', itemId = 'c1', state = { kind = state or 'applied' } } }
  local file = { path = path, kind = kind, to = to, hunks = hunks, diff = '' }
  fake:finish({ id = 'm1', kind = 'changeSet', files = { file } })
end

local function tell_moved(from, to, state)
  tell('move', from, state, to)
end

--- Writes a file with the time that all files of an archive have.
local function write(path, text)
  t.write(path, text)
  assert(vim.uv.fs_utime(path, 1e9, 1e9))
end

t.test('a buffer follows its file when that is moved, and the cursor stays', function()
  local from, to = root .. '/c.txt', root .. '/sub/d.txt'
  t.write(from, 'un\ndeux\n')
  vim.cmd.edit(from)
  local old = vim.api.nvim_get_current_buf()
  t.type('jl')
  vim.fn.mkdir(root .. '/sub')
  assert(vim.uv.fs_rename(from, to))
  tell_moved(from, to)
  t.eventually('the new name', function()
    return vim.api.nvim_buf_get_name(0) == to
  end)
  t.equal({ 2, 1 }, vim.api.nvim_win_get_cursor(0))
  t.equal(false, vim.api.nvim_buf_is_valid(old))
  assert(vim.uv.fs_rename(to, from))
  tell_moved(from, to, 'undone')
  t.eventually('the old name', function()
    return vim.api.nvim_buf_get_name(0) == from
  end)
  t.equal({ 2, 1 }, vim.api.nvim_win_get_cursor(0))
end)

t.test('a file follows although it has a swap file there, and that is said', function()
  local from, to = vim.api.nvim_buf_get_name(0), root .. '/sub/swapped.txt'
  assert(vim.uv.fs_rename(from, to))
  local ready = vim.fn.tempname()
  local typed = ('substitute/un/uno/ | preserve | call writefile([], "%s")'):format(ready)
  local other = vim.system({ vim.v.progpath, '--clean', '--headless', to, '-c', typed })
  t.eventually('the swap file', function()
    return vim.uv.fs_stat(ready)
  end)
  other:kill('sigkill')
  other:wait()
  vim.o.updatecount = 200
  t.told = {}
  tell_moved(from, to)
  t.eventually('the new name', function()
    return vim.api.nvim_buf_get_name(0) == to
  end)
  vim.o.updatecount = 0
  t.equal({ 'Coworker: sub/swapped.txt: it has a swap file; see :help E325' }, t.told)
  t.equal('un\ndeux', t.text(0))
end)

t.test('what is not saved does not follow, and neither does a file that is there again', function()
  vim.cmd.buffer(buf_a)
  t.type('x')
  assert(vim.uv.fs_rename(a, root .. '/sub/a.txt'))
  tell_moved(a, root .. '/sub/a.txt')
  t.write(b, 'eins\n')
  vim.cmd.buffer({ buf_b, bang = true })
  vim.cmd('edit!')
  t.write(root .. '/sub/b.txt', 'eins\n')
  tell_moved(b, root .. '/sub/b.txt')
  t.eventually('both updates', function()
    return require('coworker.sessions').current(root).seq == fake.seq
  end)
  t.equal({ a, b }, { vim.api.nvim_buf_get_name(buf_a), vim.api.nvim_buf_get_name(buf_b) })
end)

t.test(
  'a move onto the name of an open file, and its undo, are seen although no time differs',
  function()
    local onto, from = root .. '/onto.txt', root .. '/from.txt'
    write(onto, 'here before\n')
    write(from, 'moved\n')
    vim.cmd.edit('onto.txt')
    local buf = vim.api.nvim_get_current_buf()
    assert(vim.uv.fs_rename(from, onto))
    tell_moved(from, onto)
    t.eventually('what was moved there', function()
      return t.text(buf) == 'moved'
    end)
    t.equal({ buf, false }, { vim.api.nvim_get_current_buf(), vim.bo[buf].modified })
    assert(vim.uv.fs_rename(onto, from))
    write(onto, 'here before\n')
    tell_moved(from, onto, 'undone')
    t.eventually('the file that was moved back', function()
      return vim.api.nvim_buf_get_name(0) == from
    end)
    vim.cmd.edit('onto.txt')
    t.equal('here before', t.text(0))
  end
)

t.test('what was typed in it stays', function()
  local buf = vim.api.nvim_get_current_buf()
  t.type('Atyped<Esc>')
  write(root .. '/onto.txt', 'something else\n')
  tell('edit', root .. '/onto.txt')
  tell('delete', b, 'undone')
  write(b, 'changed\n')
  t.eventually('the other file', function()
    return t.text(buf_b) == 'changed'
  end)
  t.equal({ 'here beforetyped', true }, { t.text(buf), vim.bo[buf].modified })
  vim.cmd('edit!')
end)

t.test('a file in another form is not read again for that', function()
  local path = root .. '/form.txt'
  local buf
  for _, text in ipairs({ '\239\187\191with a mark\n', 'dos\r\nlines\r\n', 'no end', '', 'a\0b\n' }) do
    write(path, text)
    vim.cmd('silent edit! form.txt')
    buf = vim.api.nvim_get_current_buf()
    local tick = vim.api.nvim_buf_get_changedtick(buf)
    tell('edit', path)
    tell('delete', b, 'undone')
    write(b, 'after ' .. #text)
    t.eventually('the other file', function()
      return t.text(buf_b) == 'after ' .. #text
    end)
    t.equal({ text, tick }, { text, vim.api.nvim_buf_get_changedtick(buf) })
  end
  vim.api.nvim_buf_delete(buf, {})
end)

t.test('a file is taken back that is shown: its text is left, and that is said', function()
  local path = root .. '/new.txt'
  write(path, 'new\n')
  vim.cmd.edit('new.txt')
  local buf = vim.api.nvim_get_current_buf()
  assert(os.remove(path))
  t.told = {}
  tell('create', path, 'undone')
  tell('edit', path, 'undone')
  t.eventually('a message', function()
    return #t.told > 0
  end)
  t.equal({ 'Coworker: new.txt is taken back; its text is only in this buffer' }, t.told)
  vim.cmd.wall()
  t.equal({ 'new', false }, { t.text(buf), vim.uv.fs_stat(path) ~= nil })
  write(path, 'newer\n')
  tell('create', path)
  t.eventually('its text', function()
    return t.text(buf) == 'newer'
  end)
  -- Neovim takes it for the file that it has read.
  vim.cmd('silent write')
  assert(os.remove(path))
  tell('delete', path)
  t.eventually('another message', function()
    return t.told[2] == 'Coworker: new.txt is deleted; its text is only in this buffer'
  end)
  vim.cmd('silent write')
  t.equal('newer\n', t.read(path))
end)

t.test(
  'what the user types before a file is read again stays, and what that means is said',
  function()
    local path = root .. '/new.txt'
    vim.cmd.edit('new.txt')
    local buf = vim.api.nvim_get_current_buf()
    write(path, 'other\n')
    _G.move_and_wait = function()
      tell_moved(a, path)
      tell('delete', b, 'undone')
      write(b, 'at last\n')
      t.eventually('the other file', function()
        return t.text(buf_b) == 'at last'
      end)
    end
    t.told = {}
    t.type('i<Cmd>lua move_and_wait()<CR>mine <Esc>')
    t.eventually('a message', function()
      return #t.told > 0
    end)
    local words = 'new.txt is another file on the disk now; to write this buffer would overwrite it'
    t.equal({ { 'Coworker: ' .. words }, 'mine newer' }, { t.told, t.text(buf) })
  end
)

-- Tells something while the user types in a buffer, and waits until it was looked at. The pause that is
-- waited for comes after `more`.
---@param name string
---@param tell_first fun()
---@param keys string What is typed after that.
---@param more fun() What happens meanwhile.
local function while_typing(name, tell_first, keys, more)
  vim.cmd.edit({ name, bang = true })
  local pause = require('coworker.pause')
  local wait, waiting = pause.wait, {}
  pause.wait = function(still_wanted, run)
    table.insert(waiting, function()
      return still_wanted() and run()
    end)
  end
  local looked = 0
  local function look()
    looked = looked + 1
    local text = ('looked %s %d'):format(name, looked)
    tell('delete', b, 'undone')
    write(b, text)
    t.eventually('the other file', function()
      return t.text(buf_b) == text
    end)
  end
  _G.run = function()
    tell_first()
    look()
  end
  t.type('ggI<Cmd>lua run()<CR>' .. keys .. '<Esc>')
  more()
  look()
  pause.wait = wait
  t.told = {}
  t.equal(1, #waiting)
  waiting[1]()
end

t.test('a file that was to be read again, and is gone by then, leaves its text', function()
  local path, onto = root .. '/kept.txt', root .. '/onto.txt'
  write(path, 'the last of it\n')
  write(onto, 'moved\n')
  while_typing(
    'kept.txt',
    function()
      assert(vim.uv.fs_rename(onto, path))
      tell_moved(onto, path)
    end,
    '',
    function()
      assert(os.remove(path))
      tell('delete', path)
    end
  )
  t.equal({ 'the last of it', {} }, { t.text(0), t.told })
end)

t.test('of a file that is gone or as it was nothing is said to who types in it', function()
  for _, text in ipairs({ false, 'as it was\n' }) do
    local path = root .. '/same.txt'
    write(path, 'as it was\n')
    while_typing(
      'same.txt',
      function()
        write(path, 'something else\n')
        tell('edit', path)
      end,
      'mine ',
      function()
        assert(os.remove(path))
        if text then
          write(path, text)
        end
      end
    )
    t.equal({ 'mine as it was', {} }, { t.text(0), t.told })
  end
end)

t.test('a buffer that is not shown goes with its file', function()
  local path = root .. '/hidden.txt'
  write(path, 'new\n')
  vim.cmd('edit! hidden.txt')
  local buf = vim.api.nvim_get_current_buf()
  vim.cmd.buffer(buf_b)
  assert(os.remove(path))
  t.told = {}
  tell('create', path, 'undone')
  t.eventually('no buffer', function()
    return not vim.api.nvim_buf_is_valid(buf)
  end)
  t.equal({}, t.told)
end)

t.finish()
