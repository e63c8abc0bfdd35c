TEXTS = {
    'E_METHOD': '없는 메소드',
    'E_CHOICES': 'too many choices: %d',
    'OK_VOTE': '%s voted',
}
