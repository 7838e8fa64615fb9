-- The fold gives the same as the server's own (crates/protocol/src/state.rs, whose tests these follow).
local t = dofile(vim.env.TESTS .. '/harness.lua')
local state = require('coworker.state')

local function message(text)
  return { id = 'i1', turnId = 't1', at = 0, kind = 'agentMessage', text = text }
end

local function fold(updates)
  local result = state.new()
  for _, update in ipairs(updates) do
    result:apply(vim.deepcopy(update))
  end
  return result
end

local function delta(offset, text)
  return { kind = 'delta', itemId = 'i1', offset = offset, text = text }
end

t.test('text in pieces and text at once fold to the same', function()
  local begin = { kind = 'itemStarted', item = message('') }
  local finish = { kind = 'itemEnded', item = message('hello wörld') }
  local streaming =
    fold({ begin, delta(0, 'hello '), delta(6, 'wör'), delta(6, 'wör'), delta(10, 'ld') })
  t.equal('hello wörld', streaming:item('i1').text)
  t.equal({ i1 = true }, streaming.open)
  streaming:apply(finish)
  t.equal(fold({ begin, finish }).items, streaming.items)
  t.equal({}, streaming.open)
end)

t.test('text after a gap, inside a character or for an unknown item is left out', function()
  local begin = { kind = 'itemStarted', item = message('ö') }
  t.equal('ö', fold({ begin, delta(9, 'x') }):item('i1').text)
  t.equal('ö', fold({ begin, delta(1, 'öx') }):item('i1').text)
  t.equal('öx', fold({ begin, delta(0, 'öx') }):item('i1').text)
  t.equal({}, fold({ delta(0, 'x') }).items)
end)

t.test('the output of a tool call grows before there is any', function()
  local call = { id = 'i1', kind = 'toolCall', title = 'Run', status = 'running' }
  local result = fold({ { kind = 'itemStarted', item = call }, delta(0, 'one'), delta(3, ' two') })
  t.equal('one two', result:item('i1').output.text)
end)

t.test('items keep their place, and the last todo list counts', function()
  local function todos(id, content)
    return {
      kind = 'itemEnded',
      item = { id = id, kind = 'todos', todos = { { content = content, status = 'pending' } } },
    }
  end
  local result = fold({
    todos('a', 'first'),
    { kind = 'itemStarted', item = message('x') },
    todos('b', 'second'),
    { kind = 'itemChanged', item = message('y') },
  })
  t.equal(
    { 'a', 'i1', 'b' },
    vim.tbl_map(function(item)
      return item.id
    end, result.items)
  )
  t.equal('y', result:item('i1').text)
  t.equal('second', result:todos()[1].content)
end)

t.test('what is set aside is there but marked until it is taken up', function()
  local function ended(id)
    return { kind = 'itemEnded', item = vim.tbl_extend('force', message('x'), { id = id }) }
  end
  local function aside(first, last, is_aside)
    return { kind = 'setAside', stretch = { first = first, last = last }, aside = is_aside }
  end
  local function told(updates)
    local ids = {}
    for _, item in ipairs(fold(updates).items) do
      ids[#ids + 1] = item.aside and '-' or item.id
    end
    return table.concat(ids, ' ')
  end
  local updates = { ended('a'), ended('b'), ended('c'), aside('b', 'c', true), ended('d') }
  t.equal('a - - d', told(updates))
  table.insert(updates, aside('b', 'b', false))
  t.equal('a b - d', told(updates))
  for _, stretch in ipairs({ { 'x', 'b' }, { 'a', 'x' }, { 'b', 'a' } }) do
    t.equal('a b', told({ ended('a'), ended('b'), aside(stretch[1], stretch[2], true) }))
  end
end)

t.test('a todo list that was set aside is not the one of now', function()
  local function todos(id, content)
    return {
      kind = 'itemEnded',
      item = { id = id, kind = 'todos', todos = { { content = content, status = 'pending' } } },
    }
  end
  local aside = { kind = 'setAside', stretch = { first = 'b', last = 'b' }, aside = true }
  t.equal('first', fold({ todos('a', 'first'), todos('b', 'second'), aside }):todos()[1].content)
end)

t.test('status, configuration, usage and queue are the last that was told', function()
  local result = fold({
    { kind = 'status', state = 'running', turnId = 't1' },
    { kind = 'config', mode = 'plan', model = 'a/b' },
    { kind = 'queue', prompts = { { turnId = 't2', message = { text = 'later' } } } },
    { kind = 'somethingNew' },
  })
  t.equal(true, result:is_running())
  t.equal({ 'plan', 'a/b', 'later' }, { result.mode, result.model, result.queue[1].message.text })
end)

t.finish()
