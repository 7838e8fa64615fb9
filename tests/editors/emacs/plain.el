;;; plain.el --- Coworker in Emacs, with eglot and no plugin  -*- lexical-binding: t; -*-

;; Real Emacs and the real server, in batch; the model is a script. Nobody is there to answer, so
;; the questions of eglot are answered here: it asks before every edit. In batch Emacs is never
;; idle, so what eglot tells the server when it is, is told while something is waited for.
;;
;; COWORKER is the program, SCRIPT the model's script, PROJECT a folder that holds list.txt.

(require 'cl-lib)
(require 'eglot)
(setq eglot-sync-connect 10)

(defvar failed 0)
(defun ok (name is-so)
  "Say whether NAME holds, which it does if IS-SO."
  (unless is-so (setq failed (1+ failed)))
  (princ (format "%s - %s\n" (if is-so "ok" "not ok") name)))

(defvar asked 0)
(defun y-or-n-p (&rest _)
  "Say yes to eglot."
  (setq asked (1+ asked))
  t)

(defvar offered nil)
(defun completing-read (_prompt titles &rest _)
  "Choose to be shown what a message is about; TITLES are its buttons."
  (setq offered titles)
  (car (last titles)))

(defvar project (file-name-as-directory (getenv "PROJECT")))
(defvar list-buffer nil)

(defun idle ()
  "Do what eglot does when Emacs is idle."
  (accept-process-output nil 0.05)
  (dolist (buffer (buffer-list))
    (with-current-buffer buffer
      (when (bound-and-true-p eglot--managed-mode)
        (eglot--signal-textDocument/didChange)))))

(defun wait-for (name test)
  "Wait until TEST gives something, and say whether NAME came about."
  (let ((tries 0) found)
    (while (and (< tries 400) (not (setq found (funcall test))))
      (setq tries (1+ tries))
      (idle))
    (ok name found)
    found))

(defun text () "What list.txt says."
  (with-current-buffer list-buffer (buffer-substring-no-properties (point-min) (point-max))))

(defun run (command &rest arguments)
  "Have the server run COMMAND with one object of ARGUMENTS."
  (eglot-execute-command (eglot-current-server) command (vector (or arguments (list :none t)))))

(defun actions (text)
  "The code actions in the line of TEXT."
  (goto-char (point-min))
  (search-forward text)
  (eglot-code-actions (line-beginning-position) (line-beginning-position)))

(defun act (text title)
  "Run the code action TITLE in the line of TEXT; say if there is none."
  (let* ((actions (actions text))
         (action (cl-find title actions :key (lambda (it) (plist-get it :title)) :test #'equal)))
    (ok (format "%s is offered" title) action)
    (if (not action)
        (princ (format "# %S\n" (mapcar (lambda (it) (plist-get it :title)) actions)))
      (let ((command (plist-get action :command)))
        (eglot-execute-command (eglot-current-server) (intern (plist-get command :command))
                               (plist-get command :arguments))))))

(defun ask (words)
  "Ask the agent WORDS about the document."
  (run 'coworker.ask :text words :uri (eglot--path-to-uri buffer-file-name)))

(defun hover ()
  "What is shown about the line at point."
  (let ((hover (jsonrpc-request (eglot-current-server) :textDocument/hover
                                (eglot--TextDocumentPositionParams))))
    (plist-get (plist-get hover :contents) :value)))

(find-file (concat project "list.txt"))
(setq list-buffer (current-buffer))
(eglot '(text-mode diff-mode) (project-current) 'eglot-lsp-server
       (list (getenv "COWORKER") "--model" (concat "script:" (getenv "SCRIPT")) "lsp")
       "plaintext")

(princ "# applied at once, taken back by a code action\n")
(run 'coworker.mode :mode "edit")
(ask "in numbers")
(wait-for "both edits are in the buffer"
          (lambda () (and (string-match-p "^2$" (text)) (string-match-p "^7$" (text)))))
(ok "eglot asked before them" (> asked 0))
(goto-char (point-min))
(search-forward "four")
(insert " and a half")
(wait-for "a line says what it came of"
          (lambda ()
            (goto-char (point-min))
            (search-forward "2")
            (string-match-p "Asked: in numbers" (or (hover) ""))))
(act "2" "Coworker: Undo this change")
(wait-for "the agent's line is as it was, and what was typed stays"
          (lambda () (equal (text) "one\ntwo\nthree\nfour and a half\nfive\nsix\n7\neight\n")))
(act "7" "Coworker: Undo this change")
(wait-for "the other one too"
          (lambda () (string-match-p "^seven$" (text))))

(princ "# decided in the review document\n")
(run 'coworker.mode :mode "ask")
(ask "again")
(wait-for "a message offers to show the changes" (lambda () offered))
(ok "the safe answer comes first" (equal (car offered) "Reject"))
(let ((file (concat project ".coworker/review.diff")))
  (wait-for "the changes are in a file" (lambda () (file-exists-p file)))
  (find-file file))
(ok "eglot minds the review document" eglot--managed-mode)
(with-current-buffer list-buffer
  (goto-char (point-max))
  (insert "nine\n"))
(goto-char (point-min))
(search-forward "+zwei")
(insert " (two)")
(act "+zwei (two)" "Coworker: Accept this change")
(wait-for "the change is in the buffer as it was written otherwise, beside what was typed"
          (lambda ()
            (equal (text) "one\nzwei (two)\nthree\nfour and a half\nfive\nsix\nseven\neight\nnine\n")))
(act "+sieben" "Coworker: Reject this change")
(wait-for "the turn has ended"
          (lambda ()
            (with-current-buffer list-buffer
              (not (cl-find "Coworker: Stop" (actions "one")
                            :key (lambda (it) (plist-get it :title)) :test #'equal)))))
(ok "the rejected one is not there" (string-match-p "^seven$" (text)))
(with-current-buffer list-buffer
  (ok "nothing was saved" (buffer-modified-p)))
(eglot-shutdown (eglot-current-server))
(kill-emacs (if (= failed 0) 0 1))
;;; plain.el ends here
