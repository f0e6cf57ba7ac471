;;; relay.el --- network streams through connect  -*- lexical-binding: t -*-

;; SPDX-License-Identifier: ISC

;;; Commentary:

;; `relay-open-network-stream' takes the place of `open-network-stream' where the way to the host leads through a
;; SOCKS, HTTP or telnet proxy: it starts connect(1), which asks the proxy and relays the octets.
;;
;;     (load "relay")
;;     (setq relay-arguments '("--end-with-remote" "-S" "socks.local.example"))
;;     (relay-open-network-stream "news" (get-buffer-create "*news*") "news.example" 119)
;;
;; The process begins to run at once; what is sent to it before the tunnel is open waits for it.  If there is no tunnel,
;; the process ends with the exit status of connect, and what connect says is in the echo area and in `relay-error-text'.
;; A proxy's password is asked for by the program in SSH_ASKPASS (the process has no terminal) or, where that is not set,
;; must be in connect's environment or parameter file.
;;
;; --end-with-remote is there because Emacs tells a program that a process has ended, but not that a pipe has.
;;
;; To go by way of another host, name ssh as the program; the words before HOST and SERVICE are all in `relay-arguments':
;;
;;     (setq relay-program "ssh" relay-arguments '("host1" "connect"))

;;; Code:

(require 'subr-x)

(defgroup relay nil
  "Network streams through a proxy."
  :group 'comm)

(defcustom relay-program "connect"
  "The program that makes the connection."
  :type 'string)

(defcustom relay-arguments '("--end-with-remote" "-s")
  "The words after `relay-program' and before host and port.
The default takes a SOCKS server from SOCKS5_SERVER or ~/.connectrc."
  :type '(repeat string))

(defun relay-error-text (process)
  "What the program of PROCESS has said on standard error."
  (let ((buffer (process-get process 'relay-errors)))
    (if (buffer-live-p buffer)
        (with-current-buffer buffer (buffer-string))
      (or (process-get process 'relay-error-text) ""))))

(defun relay--errors (process string)
  "Show STRING, which the program said on the standard error PROCESS reads."
  (let ((buffer (process-buffer process)))
    (when (buffer-live-p buffer)
      (with-current-buffer buffer
        (goto-char (point-max))
        (insert string))))
  (unless (string-blank-p string)
    (message "%s" (string-trim-right string))))

(defun relay--errors-ended (process _event)
  "The standard error that PROCESS reads has ended: keep its text alone."
  (unless (process-live-p process)
    (let ((buffer (process-buffer process))
          (stream (process-get process 'relay-stream)))
      (when (buffer-live-p buffer)
        (when stream
          (process-put stream 'relay-error-text (with-current-buffer buffer (buffer-string))))
        (kill-buffer buffer)))))

;;;###autoload
(defun relay-open-network-stream (name buffer host service &rest parameters)
  "Open a stream to SERVICE of HOST through a proxy; return the process.
NAME is the name of the process, BUFFER a buffer, the name of one, or nil,
and SERVICE a port or the name of a service.
Of the PARAMETERS of `open-network-stream', :type may be nil, `plain' or
`network', :coding and :noquery are obeyed, :nowait is what happens anyway,
and the others mean nothing here."
  (unless (memq (plist-get parameters :type) '(nil plain network))
    (error "relay: a stream of type %s cannot be made by a program" (plist-get parameters :type)))
  (let* ((port (if (integerp service) (number-to-string service) service))
         (errors (make-pipe-process
                  :name (concat name " errors")
                  :buffer (generate-new-buffer (format " *%s errors*" name))
                  :noquery t
                  :filter #'relay--errors
                  :sentinel #'relay--errors-ended))
         (stream (condition-case problem
                     (make-process
                      :name name
                      :buffer (and buffer (get-buffer-create buffer))
                      :command `(,relay-program ,@relay-arguments ,host ,port)
                      :coding (plist-get parameters :coding)
                      :connection-type 'pipe
                      :noquery (plist-get parameters :noquery)
                      :stderr errors)
                   (error (kill-buffer (process-buffer errors))
                          (signal (car problem) (cdr problem))))))
    (process-put errors 'relay-stream stream)
    (process-put stream 'relay-errors (process-buffer errors))
    stream))

(provide 'relay)

;;; relay.el ends here
