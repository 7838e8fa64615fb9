-- The commands and keys, and nothing else: no module is loaded before one of them is used.

if vim.g.loaded_coworker then
  return
end
vim.g.loaded_coworker = true

if vim.fn.has('nvim-0.11') == 0 then
  vim.api.nvim_echo({ { 'Coworker needs Neovim 0.11 or newer.', 'ErrorMsg' } }, true, {})
  return
end

---@param name string
---@param run fun(args: vim.api.keyset.create_user_command.command_args)
---@param opts vim.api.keyset.user_command
local function command(name, run, opts)
  vim.api.nvim_create_user_command(name, run, opts)
end

---@param args vim.api.keyset.create_user_command.command_args
---@return [integer, integer]?
local function lines_of(args)
  return args.range > 0 and { args.line1, args.line2 } or nil
end

command('Coworker', function()
  require('coworker').toggle()
end, { desc = 'Open or close the chat pane' })

command('CoworkerAsk', function(args)
  require('coworker').ask(args.args, { lines = lines_of(args), steer = args.bang })
end, {
  desc = 'Ask about this file or the selected lines; with ! tell the running turn',
  nargs = '*',
  range = true,
  bang = true,
})

command('CoworkerQueue', function()
  require('coworker').queue()
end, { desc = 'Change the prompts that wait behind the running turn' })

command('CoworkerContext', function()
  require('coworker').context()
end, { desc = 'Show what the next request to the model would be made of' })

command('CoworkerTrust', function(args)
  require('coworker').trust(not args.bang)
end, { desc = 'Trust this folder; with ! no longer', bang = true })

command('CoworkerTodos', function()
  require('coworker').toggle_todos()
end, { desc = 'Open or close the todo pane' })

command('CoworkerStop', function()
  require('coworker').stop()
end, { desc = 'Stop the running turn' })

command('CoworkerMode', function(args)
  require('coworker').mode(args.args ~= '' and args.args or nil)
end, {
  desc = 'Choose how freely the agent may act',
  nargs = '?',
  complete = function(lead)
    return require('coworker').complete_mode(lead)
  end,
})

command('CoworkerModel', function(args)
  require('coworker').model(args.args ~= '' and args.args or nil)
end, {
  desc = 'Choose the model that answers',
  nargs = '?',
  complete = function(lead)
    return require('coworker').complete_model(lead)
  end,
})

command('CoworkerReview', function()
  require('coworker').review()
end, { desc = 'Show what waits for an answer' })

command('CoworkerApprove', function(args)
  require('coworker').approve(args.args ~= '' and args.args or 'once')
end, {
  desc = 'Say yes to what waits for an answer',
  nargs = '?',
  complete = function(lead)
    return require('coworker').complete_approve(lead)
  end,
})

command('CoworkerReject', function(args)
  require('coworker').reject(args.args ~= '' and args.args or nil, lines_of(args), args.bang)
end, {
  desc = 'Say no to the hunk at the cursor or to a question, and why; with ! to all of a change',
  nargs = '*',
  range = true,
  bang = true,
})

command('CoworkerAccept', function(args)
  require('coworker').accept(lines_of(args))
end, { desc = 'Accept the hunk at the cursor or those in the lines', range = true })

command('CoworkerEdit', function()
  require('coworker').reword()
end, { desc = 'Change the lines that the hunk at the cursor proposes, and accept them so' })

command('CoworkerKeep', function(args)
  require('coworker').keep(lines_of(args))
end, { desc = 'Keep the hunk at the cursor or those in the lines', range = true })

command('CoworkerHunks', function(args)
  require('coworker').hunks(args.bang)
end, { desc = 'List the hunks that wait; with ! those, too, that are not kept yet', bang = true })

---@param name string
---@param run fun(scope: coworker.Scope?)
---@param desc string
local function undo_command(name, run, desc)
  command(name, function(args)
    local known = require('coworker').complete_scope('')
    if args.args ~= '' and not vim.list_contains(known, args.args) then
      local words = 'one of ' .. table.concat(known, ', ')
      return require('coworker.pause').say(words, vim.log.levels.ERROR)
    end
    run(args.args ~= '' and args.args or nil)
  end, {
    desc = desc,
    nargs = '?',
    complete = function(lead)
      return require('coworker').complete_scope(lead)
    end,
  })
end

undo_command('CoworkerUndo', function(scope)
  require('coworker').undo(scope)
end, 'Take back the hunk at the cursor, its tool call, its turn, or all of the session')

undo_command('CoworkerRedo', function(scope)
  require('coworker').redo(scope)
end, 'Do again what was taken back')

command('CoworkerSessions', function(args)
  require('coworker').sessions(args.args ~= '' and args.args or nil)
end, { desc = 'Choose a session, begin a new one, or show the one of this id', nargs = '?' })

command('CoworkerFork', function()
  require('coworker').fork()
end, { desc = 'Begin a session with the conversation up to an earlier prompt' })

command('CoworkerResend', function(args)
  require('coworker').resend(args.bang)
end, {
  desc = 'Change an earlier prompt and send it again; with ! put the files back first',
  bang = true,
})

command('CoworkerCheckpoints', function()
  require('coworker').checkpoints()
end, { desc = 'Choose a checkpoint, see what a restore to it changes, and restore' })

command('CoworkerRestart', function()
  require('coworker').restart()
end, { desc = 'Restart the server and go on with the session' })

vim.keymap.set('n', '<Plug>(coworker-next-hunk)', function()
  require('coworker').next_hunk(1)
end, { desc = 'Coworker: next hunk' })

vim.keymap.set('n', '<Plug>(coworker-previous-hunk)', function()
  require('coworker').next_hunk(-1)
end, { desc = 'Coworker: previous hunk' })
