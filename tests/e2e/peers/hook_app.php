<?php
// Takes webhooks: HOOK_FILE=FILE php -S 127.0.0.1:PORT hook_app.php. Each POST adds its path to the file and is its
// response.
file_get_contents('php://input');
file_put_contents(getenv('HOOK_FILE'), $_SERVER['REQUEST_URI'] . "\n", FILE_APPEND | LOCK_EX);
echo $_SERVER['REQUEST_URI'];
