;;; relay-test.el --- tests of docs/relay.el  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: ISC

;; Run by test_apps_emacs.py, which starts a SOCKS server at socks.local.net:1080 and these behind it:
;; news:119 greets, answers quit; host2:7 returns what it gets; nothing listens at host2:9.

(require 'ert)
(require 'relay)

(defmacro relay-test-with (arguments &rest body)
  "Run BODY with ARGUMENTS for connect and a buffer of its own as the current one."
  `(let ((relay-arguments ,arguments))
     (with-temp-buffer ,@body)))

(defun relay-test-until (process condition)
  "Take what comes from PROCESS until CONDITION holds."
  (with-timeout (20 (ert-fail (list "too late" (process-status process) (relay-error-text process))))
    (while (not (funcall condition))
      (accept-process-output nil 0.05))))

(defun relay-test-ended (process)
  (relay-test-until process (lambda () (not (process-live-p process))))
  (relay-test-until process (lambda () (not (buffer-live-p (process-get process 'relay-errors))))))

(ert-deftest relay-session ()
  (relay-test-with '("--end-with-remote" "-S" "socks.local.net")
    (let ((p (relay-open-network-stream "news" (current-buffer) "news" 119)))
      (should (eq (process-status p) 'run))
      (relay-test-until p (lambda () (string-match-p "ready" (buffer-string))))
      (process-send-string p "quit\n")
      (relay-test-ended p)
      (should (= (process-exit-status p) 0))
      (should (string-match-p "205 \\.\r?\n" (buffer-string)))
      (should (equal (relay-error-text p) "")))))

(ert-deftest relay-name-of-a-service-and-of-a-buffer ()
  (relay-test-with '("--end-with-remote" "-S" "socks.local.net")
    (let ((p (relay-open-network-stream "news" "*relay-test*" "news" "nntp" :noquery t)))
      (unwind-protect
          (progn
            (should-not (process-query-on-exit-flag p))
            (process-send-string p "quit\n")
            (relay-test-ended p)
            (should (with-current-buffer "*relay-test*" (string-match-p "\\`200 " (buffer-string)))))
        (kill-buffer "*relay-test*")))))

(ert-deftest relay-every-octet ()
  (relay-test-with '("--end-with-remote" "-H" "proxy.local.net:8080")
    (set-buffer-multibyte nil)
    (let* ((octets (apply #'unibyte-string (number-sequence 0 255)))
           (data (apply #'concat (make-list 400 octets)))
           (p (relay-open-network-stream "echo" (current-buffer) "host2" 7 :coding 'binary :noquery t)))
      (process-send-string p data)
      (relay-test-until p (lambda () (>= (buffer-size) (length data))))
      (process-send-eof p)
      (relay-test-ended p)
      (goto-char (point-min))
      (should (equal (buffer-substring 1 (1+ (length data))) data)))))

(ert-deftest relay-what-the-proxy-refuses-is-told ()
  (relay-test-with '("--end-with-remote" "-S" "socks.local.net")
    (let ((p (relay-open-network-stream "nobody" (current-buffer) "host2" 9)))
      (relay-test-ended p)
      (should (= (process-exit-status p) 7))
      (should (equal (relay-error-text p)
                     (concat "ERROR: proxy socks.local.net:1080 refused: connection refused (SOCKS5 reply 5)\n"
                             "FATAL: failed to begin relaying via SOCKS.\n"))))))

(ert-deftest relay-a-password-is-asked-for-without-a-terminal ()
  "The buffer of errors says so when there is no way to ask."
  (relay-test-with '("--end-with-remote" "-S" "gotoh@gateway.local.example:1081")
    (let ((p (relay-open-network-stream "nobody" (current-buffer) "host2" 7)))
      (relay-test-ended p)
      (should (= (process-exit-status p) 6))))
  (relay-test-with '("--end-with-remote" "-S" "gotoh@gateway.local.example:1081")
    (let* ((process-environment (cons (concat "SSH_ASKPASS=" (expand-file-name "ask" "~")) process-environment))
           (p (relay-open-network-stream "echo" (current-buffer) "host2" 7 :noquery t)))
      (process-send-string p "hello\n")
      (relay-test-until p (lambda () (string-match-p "hello" (buffer-string))))
      (delete-process p))))

(ert-deftest relay-through-ssh ()
  (let ((relay-program "ssh"))
    (relay-test-with '("host1" "connect" "--end-with-remote")
      (let ((p (relay-open-network-stream "news" (current-buffer) "news" 119)))
        (process-send-string p "quit\n")
        (relay-test-ended p)
        (should (string-match-p "\\`200 " (buffer-string)))))))

(ert-deftest relay-what-it-cannot-do ()
  (should-error (relay-open-network-stream "x" nil "news" 119 :type 'tls))
  (let ((relay-program "no-such-connect")
        (buffers (length (buffer-list))))
    (should-error (relay-open-network-stream "x" nil "news" 119))
    (should (= buffers (length (buffer-list))))))

;;; relay-test.el ends here
